/** GET requests that go through the proxy of the environment and give up on a server that says nothing. */
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';

const seconds = 1000;
const agent = new EnvHttpProxyAgent({
  headersTimeout: 30 * seconds,
  bodyTimeout: 30 * seconds,
  connect: { timeout: 10 * seconds },
});

/** Rejects with a sentence that names the host and the reason. */
export async function request(url: URL, headers: Readonly<Record<string, string>>): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...headers }, dispatcher: agent });
  } catch (error) {
    throw new Error(`${url.host} cannot be reached: ${reason(error)}`, { cause: error });
  }
  if (url.protocol === 'https:' && !response.url.startsWith('https:')) {
    await response.body?.cancel();
    throw new Error(`${url.host} leads away from https`);
  }
  return response;
}

/** undici says only "fetch failed" and keeps the reason in the cause. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return cause.errors.map(reason).join(', ');
  return cause instanceof Error ? cause.message : error.message;
}
