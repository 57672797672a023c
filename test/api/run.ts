/**
 * Schemathesis against a daemon of its own, with the embedded model and with tokens demanded.
 *   node run.js SCHEMATHESIS
 * No request of the description has headers or a path of its own, so that the page with status 400 by which uWebSockets
 * answers broken HTTP never comes up and needs no exception.
 * Prints the tool's summary and ends with its status; what it found is printed before.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { pino } from 'pino';

import { checkServerConfig } from '../../src/config/server-config.js';
import { Daemon } from '../../src/daemon/daemon.js';

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

async function main(schemathesis: string): Promise<number> {
  const answers = new Map<string, number>();
  const tally = (line: string) => {
    const { msg, status } = JSON.parse(line) as { msg?: string; status?: number };
    if (msg === 'request') answers.set(`${status}`, (answers.get(`${status}`) ?? 0) + 1);
  };
  const log = pino({ level: 'info', base: null }, { write: tally });
  const { config } = checkServerConfig({
    host: '127.0.0.1',
    port: 0,
    models: [path.resolve('models/default.onnx')],
    auth_enabled: true,
    auth_password: 'secret',
    token_secret: 'a secret of some length',
    // What the tool makes up as URLs leads nowhere; nothing waits for it longer than this.
    fetch_timeout_seconds: 1,
    request_timeout_seconds: 3,
  });
  const daemon = await Daemon.start(config, '0.0.0', log);
  try {
    const url = `http://127.0.0.1:${daemon.port}`;
    const { status, output } = await run(schemathesis, [
      'run',
      `${url}/openapi.json`,
      `--checks=${checks.join(',')}`,
      '--phases=coverage,fuzzing',
      '--max-examples=60',
      '--max-time=60',
      '--request-timeout=10',
      '--continue-on-failure',
      '--generation-deterministic',
      '--warnings=off',
      '--no-color',
      `--header=Authorization: Bearer ${await tokenOf(url)}`,
    ]);
    if (status !== 0) process.stdout.write(output);
    const line = (pattern: RegExp) => pattern.exec(output)?.[0] ?? '';
    console.log(line(/^Schemathesis .*$/m));
    console.log(line(/^Test cases:\n.*$/m).replace(/\s+/g, ' '));
    console.log(
      line(/^=+ .* in [\d.]+s =+$/m)
        .replace(/=+/g, '')
        .trim(),
    );
    console.log('Answers by status:', Object.fromEntries(answers));
    return status;
  } finally {
    await daemon.stop();
  }
}

async function tokenOf(url: string): Promise<string> {
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'secret' }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

function run(program: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString('utf8') }));
  });
}

process.exitCode = await main(process.argv[2] ?? 'schemathesis');
