/** ZoneMinder's login, records and portal as far as the client's errors need them; what works is tested on a real one. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

import type { Certificate } from './certificate.js';

export const user = 'zmdetect';
export const password = 'pa&ss=w+rd%# SECRET';

export interface FakeOptions {
  readonly version?: string;
  /** `token`: as API 2.0. `auth`, `plain`: the texts of older ones. `off`: authentication is off. */
  readonly login?: 'token' | 'auth' | 'plain' | 'off';
  /** Life of an access token in seconds. Default 7200. */
  readonly tokenSeconds?: number;
  readonly certificate?: Certificate | undefined;
  /** Answers in place of the built-in one, by the path's end. */
  readonly answers?: Readonly<Record<string, (response: ServerResponse, request: Seen) => void>>;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
}

export class FakeZoneMinder {
  readonly seen: Seen[] = [];
  readonly #options: FakeOptions;
  readonly #server: Server;
  #logins = 0;
  /** Access tokens and texts that let in. */
  readonly #valid = new Set<string>();
  refreshWorks = true;

  private constructor(options: FakeOptions) {
    this.#options = options;
    const receive = (request: IncomingMessage, response: ServerResponse) => void this.#receive(request, response);
    const { certificate } = options;
    this.#server = certificate === undefined ? createHttpServer(receive) : createHttpsServer(certificate, receive);
  }

  static async start(t: Test, options: FakeOptions = {}): Promise<FakeZoneMinder> {
    const server = new FakeZoneMinder(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    t.teardown(() => {
      server.#server.closeAllConnections();
      server.#server.close();
    });
    return server;
  }

  get apiUrl(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#options.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/zm/api`;
  }

  /** Ends what was handed out so far, as ZoneMinder's button to revoke all tokens does. */
  revoke(): void {
    this.#valid.clear();
  }

  /** Forms of the logins so far. */
  get logins(): readonly URLSearchParams[] {
    return this.seen.filter(({ path }) => path.endsWith('/login.json')).map(({ form }) => form);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', headers } = request;
    const form = new URLSearchParams(body);
    const seen = { method, path: url.pathname, query: url.searchParams, form, authorization: headers.authorization };
    this.seen.push(seen);
    const special = Object.entries(this.#options.answers ?? {}).find(([end]) => url.pathname.endsWith(end));
    if (special !== undefined) special[1](response, seen);
    else if (url.pathname.endsWith('/host/login.json')) this.#login(response, form);
    else if (this.#options.login !== 'off' && !this.#mayIn(url.searchParams)) refuse(response, 'Expired token');
    else this.#record(response, seen);
  }

  #login(response: ServerResponse, form: URLSearchParams): void {
    const { version = '1.36.33', login = 'token', tokenSeconds = 7200 } = this.#options;
    if (login === 'off') return json(response, { version, apiversion: '2.0' });
    const refreshes = form.get('token') === 'REFRESH-SECRET' && this.refreshWorks;
    if (!refreshes && (form.get('user') !== user || form.get('pass') !== password)) {
      return refuse(response, `Login denied for user "${form.get('user') ?? ''}"`);
    }
    this.#logins += 1;
    const versions = { version, apiversion: login === 'token' ? '2.0' : '1.0' };
    if (login === 'token') {
      const token = `ACCESS-SECRET-${this.#logins}`;
      this.#valid.add(`token=${token}`);
      const refresh = { refresh_token: 'REFRESH-SECRET', refresh_token_expires: 86_400 };
      const access = { access_token: token, access_token_expires: tokenSeconds };
      return json(response, { ...access, ...(refreshes ? {} : refresh), ...versions });
    }
    const auth = `auth=SECRET${this.#logins}`;
    this.#valid.add(login === 'auth' ? auth : `user=${user}&pass=${password}`);
    json(response, {
      credentials: login === 'auth' ? auth : `user=${user}&pass=`,
      append_password: login === 'auth' ? 0 : 1,
      ...versions,
    });
  }

  #mayIn(query: URLSearchParams): boolean {
    const names = ['token', 'auth', 'user', 'pass'].filter((name) => query.has(name));
    return this.#valid.has(names.map((name) => `${name}=${query.get(name) ?? ''}`).join('&'));
  }

  #record(response: ServerResponse, { path, query, method }: Seen): void {
    const { version = '1.36.33' } = this.#options;
    if (path.endsWith('/getVersion.json')) return json(response, { version, apiversion: '2.0' });
    if (path.endsWith('/events/1.json')) {
      return json(
        response,
        method === 'PUT' ? { message: 'Saved' } : { event: { Event: { Id: '1', MonitorId: '7' } } },
      );
    }
    if (query.get('view') === 'image')
      return void response.writeHead(200, { 'content-type': 'image/jpeg' }).end('jpeg');
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"data":{"message":"Invalid event"}}');
  }
}

export function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
}

export function page(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=UTF-8' }).end('<html><title>ZM - Login</title></html>');
}

function refuse(response: ServerResponse, message: string): void {
  const body = { success: false, data: { name: message, message, url: '/zm/api?token=ACCESS-SECRET-1' } };
  response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
