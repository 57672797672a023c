/** Which generation of server it is: each describes its own routes under `/openapi.json`. */
import type { ErrorCode, ZmdetectError } from '../../errors.js';
import { type GatewayConnection, isObject } from './connection.js';

export interface Abilities {
  /** `/infer`: one model by name, one frame. pyzm 2.5 and later, and zmdetectd. */
  readonly infer: boolean;
  /** `/detect` and `/detect_urls`: the models that the server chooses. pyzm up to 2.4, and zmdetectd. */
  readonly detect: boolean;
}

/** Errors: GATEWAY_*, GATEWAY_UNEXPECTED for something that is no detection server. */
export async function abilitiesOf(connection: GatewayConnection, signal?: AbortSignal): Promise<Abilities> {
  const paths = pathsOf(await described(connection, signal));
  const [infer, detect] = [paths.includes('/infer'), paths.includes('/detect') && paths.includes('/detect_urls')];
  if (infer || detect) return { infer, detect };
  throw connection.error('GATEWAY_UNEXPECTED', { reason: '/openapi.json lists neither /infer nor /detect' });
}

async function described(connection: GatewayConnection, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await connection.get('/openapi.json', signal);
  } catch (error) {
    const { code, params } = error as Partial<ZmdetectError>;
    const refusals: readonly (ErrorCode | undefined)[] = ['GATEWAY_REFUSED', 'GATEWAY_LOGIN_REFUSED'];
    // A proxy in front of the server has its own login.
    if (!refusals.includes(code) || params?.challenge === 'basic') throw error;
    // Whoever answers has no such page: something else listens there.
    const reason = `/openapi.json: ${params?.reason ?? ''}`;
    throw connection.error('GATEWAY_UNEXPECTED', { reason });
  }
}

function pathsOf(description: unknown): readonly string[] {
  const paths = isObject(description) ? description.paths : undefined;
  return isObject(paths) ? Object.keys(paths) : [];
}
