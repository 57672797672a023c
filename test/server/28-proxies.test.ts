/** Behind nginx, HAProxy and Apache as Debian ships them, with nothing set but where the daemon is. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';

import { onNodeOnly, startDaemon } from '../support/daemon.js';
import { picture, resultOf } from '../support/shapes.js';

const { bytes: jpeg } = picture('shapes-05');

interface Proxy {
  readonly program: string;
  readonly arguments: (folder: string) => string[];
  /** Names of files to their text. */
  readonly files: (folder: string, port: number, daemon: number) => Record<string, string>;
}

const modules = '/usr/lib/apache2/modules';

const proxies: Readonly<Record<string, Proxy>> = {
  nginx: {
    program: '/usr/sbin/nginx',
    arguments: (folder) => ['-c', `${folder}/nginx.conf`, '-p', folder],
    files: (folder, port, daemon) => ({
      'nginx.conf': `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${daemon}; } }
}
`,
    }),
  },
  HAProxy: {
    program: '/usr/sbin/haproxy',
    arguments: (folder) => ['-db', '-f', `${folder}/haproxy.cfg`],
    files: (_folder, port, daemon) => ({
      'haproxy.cfg': `defaults
  mode http
  option httpchk GET /health
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  server daemon 127.0.0.1:${daemon} check inter 200ms rise 1 fall 1 init-addr none
`,
    }),
  },
  Apache: {
    program: '/usr/sbin/apache2',
    arguments: (folder) => ['-DFOREGROUND', '-f', `${folder}/apache.conf`],
    files: (folder, port, daemon) => ({
      'apache.conf': `ServerName localhost
ServerRoot ${folder}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
User nobody
Group nogroup
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule proxy_module ${modules}/mod_proxy.so
LoadModule proxy_http_module ${modules}/mod_proxy_http.so
ProxyPass / http://127.0.0.1:${daemon}/
`,
    }),
  },
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts the proxy before a daemon, and waits until it listens. */
async function start(t: Test, proxy: Proxy, daemon: number): Promise<string> {
  const port = await freePort();
  const folder = t.testdir({});
  const written = t.testdir(proxy.files(folder, port, daemon));
  const child: ChildProcess = spawn(proxy.program, proxy.arguments(written), { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${proxy.program} ended: ${said}`);
    await wait(50);
  }
  return `http://127.0.0.1:${port}`;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function uploadOf(bytes: Uint8Array<ArrayBuffer>): FormData {
  const body = new FormData();
  body.append('file', new Blob([bytes], { type: 'image/jpeg' }), 'image.jpg');
  return body;
}

for (const [name, proxy] of Object.entries(proxies)) {
  const skip = onNodeOnly || (existsSync(proxy.program) ? false : `there is no ${proxy.program}`);
  t.test(`behind ${name}`, { skip }, async (t) => {
    const daemon = await startDaemon(t, { trusted_proxies: ['127.0.0.1'] });
    const url = await start(t, proxy, daemon.port);
    // HAProxy passes requests on once its first check was answered.
    let health = await fetch(`${url}/health`);
    for (let i = 0; i < 100 && health.status === 503; i++) {
      await wait(100);
      health = await fetch(`${url}/health`);
    }
    t.equal(health.status, 200);
    t.equal(await health.text(), '{"status":"ok","models_loaded":true}');
    for (let i = 0; i < 3; i++) {
      const upload = await fetch(`${url}/detect`, { method: 'POST', body: uploadOf(jpeg) });
      t.equal(upload.status, 200);
      t.equal(resultOf(await upload.json()).labels.length, 2);
    }
    const login = await fetch(`${url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    t.equal(login.status, 200);
    const missing = await fetch(`${url}/detect_urls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    t.equal(missing.status, 400);
    t.strictSame(daemon.logged({ msg: 'request', status: 505 }), []);
  });
}

t.test(
  'ab, with and without keep-alive',
  { skip: onNodeOnly || (existsSync('/usr/bin/ab') ? false : 'there is no ab') },
  async (t) => {
    const daemon = await startDaemon(t);
    for (const flags of [[], ['-k']]) {
      const { stdout } = await promisify(execFile)('ab', [...flags, '-n', '200', '-c', '4', `${daemon.url}/health`]);
      t.match(stdout, /Complete requests: +200/);
      t.match(stdout, /Failed requests: +0/);
      t.notMatch(stdout, /Non-2xx/);
    }
  },
);
