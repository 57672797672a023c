import { z } from 'zod';

import { ZmdetectError } from '../../errors.js';
import { jsonType } from '../api/operation.js';
import { grant } from '../api/replies.js';
import { requests } from '../api/requests.js';
import { readJsonObject } from '../body.js';
import type { Route } from '../exchange.js';
import type { TokenAuthority } from '../tokens.js';

/** A value that is no text is no fault of the body: it fits no login. */
const credentials = z
  .looseObject({ username: z.string().optional(), password: z.string().optional() })
  .register(requests, { id: 'Credentials' });

/** Trades a user name and a password for a token (contract 2.4). */
export function loginRoute(tokens: TokenAuthority): Route {
  return {
    method: 'POST',
    path: '/login',
    operation: {
      summary: 'Trades a user name and a password for a token.',
      body: { [jsonType]: credentials },
      success: { description: 'A token', type: jsonType, schema: grant },
      errors: ['CREDENTIALS_INVALID', 'LOGIN_LIMITED', 'UPLOAD_TOO_LARGE', 'QUEUE_BYTES_FULL'],
      validates: true,
    },
    async handle(exchange) {
      const { username = '', password = '' } = await readJsonObject(exchange, {
        isTrusted: !tokens.enabled,
        isSecret: tokens.enabled,
      });
      const { client, log } = exchange;
      try {
        const grant = tokens.login(username, password, client);
        return { status: 200, body: grant, headers: { 'cache-control': 'no-store' } };
      } catch (error) {
        // A line of its own, which programs that ban guessers look for.
        if (error instanceof ZmdetectError) log.warn({ client, code: error.code }, 'login failed');
        throw error;
      }
    },
  };
}
