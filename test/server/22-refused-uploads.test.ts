/** A refused upload is an answer, never a reset: what real clients see that go on sending. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { Agent, request } from 'undici';

import { startDaemon } from '../support/daemon.js';

/** More than any socket buffers, so that the client is still sending when the answer comes. */
const megabytes = 24;
const settings = { max_queued_bytes: 1024 * 1024 };
const opening = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
const body = Buffer.concat([Buffer.from(opening), Buffer.alloc(megabytes * 1024 * 1024), Buffer.from('\r\n--b--\r\n')]);
const headers = { 'content-type': 'multipart/form-data; boundary=b' };

const python = `
import sys, requests
url = sys.argv[1]
seen = []
# A connection of its own for each call, as the published clients have it, and one that is kept.
for post in (requests.post, requests.Session().post):
    for _ in range(3):
        answer = post(url + "/detect", files={"file": ("image.jpg", bytes(${megabytes} << 20), "image/jpeg")}, timeout=30)
        seen.append("%d %s %s" % (answer.status_code, answer.headers["retry-after"], answer.json()["detail"]))
print("\\n".join(seen))
`;

async function withoutRequests(): Promise<string | false> {
  try {
    await promisify(execFile)('python3', ['-c', 'import requests']);
    return false;
  } catch {
    return 'there is no python3 with the package requests';
  }
}

const refusal = 'The pictures that wait fill the 1048576 bytes allowed';

t.test('python-requests', { skip: await withoutRequests() }, async (t) => {
  const daemon = await startDaemon(t, settings);
  const { stdout } = await promisify(execFile)('python3', ['-c', python, daemon.url]);
  t.strictSame(
    stdout.trim().split('\n'),
    Array.from({ length: 6 }, () => `429 1 ${refusal}`),
  );
  t.equal((await daemon.get('/health')).status, 200);
});

t.test('undici', async (t) => {
  const daemon = await startDaemon(t, settings);
  const dispatcher = new Agent({ connections: 2 });
  t.teardown(() => dispatcher.close());
  const post = async () => {
    const answer = await request(`${daemon.url}/detect`, { method: 'POST', headers, body, dispatcher });
    return `${answer.statusCode} ${answer.headers['retry-after']} ${((await answer.body.json()) as { detail: string }).detail}`;
  };
  for (let i = 0; i < 3; i++) t.equal(await post(), `429 1 ${refusal}`);
  const many = await Promise.all(Array.from({ length: 6 }, post));
  for (const seen of many) t.equal(seen, `429 1 ${refusal}`);
});

t.test("Node's fetch", async (t) => {
  const daemon = await startDaemon(t, settings);
  for (let i = 0; i < 3; i++) {
    const { status, json } = await daemon.request('POST', '/detect', { headers, body });
    t.equal(status, 429);
    t.strictSame(json, { detail: refusal });
  }
});
