import { readJsonObject } from '../body.js';
import type { Route } from '../exchange.js';
import type { TokenAuthority } from '../tokens.js';

/** Trades a user name and a password for a token (contract 2.4). */
export function loginRoute(tokens: TokenAuthority): Route {
  return {
    method: 'POST',
    path: '/login',
    async handle(exchange) {
      const { username = '', password = '' } = await readJsonObject(exchange);
      return { status: 200, body: tokens.login(username, password) };
    },
  };
}
