import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test } from 'tap';

import type { Job } from '../../bench/src/load/job.js';
import { get, postForm } from '../../bench/src/load/request.js';
import { run } from '../../bench/src/load/run.js';

async function portOf(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Answers after `ms`. */
async function slowServer(t: Test, ms: number, status = 200): Promise<number> {
  const server = createHttpServer((request, response) => {
    request.resume();
    const answer = () => response.writeHead(status, { 'content-length': 2 }).end('{}');
    request.once('end', () => setTimeout(answer, ms).unref());
  });
  t.teardown(() => server.closeAllConnections());
  return portOf(t, server);
}

function job(port: number, load: Job['load']): Job {
  return { port, requests: [get('/')], load, watch: { self: process.pid } };
}

t.test('a closed loop sends when it has its answer', async (t) => {
  const port = await slowServer(t, 50);
  const { answers, seconds, sample, cpuSeconds } = await run(
    job(port, { kind: 'closed', clients: 4, warmupSeconds: 0.1, seconds: 1 }),
  );
  t.ok(answers.length > 30 && answers.length <= 84, `${answers.length} answers of at most 80 and what was under way`);
  t.ok(answers.every(({ status, ms }) => status === 200 && ms >= 45));
  t.ok(seconds >= 1 && seconds < 2);
  t.equal(sample, '{}');
  t.ok((cpuSeconds.self ?? NaN) >= 0);
});

t.test('clients with a number of requests each are all answered', async (t) => {
  const port = await slowServer(t, 10);
  const { answers } = await run(job(port, { kind: 'each', clients: 3, times: 4 }));
  t.equal(answers.length, 12);
});

t.test('an open loop sends at its rate, whatever becomes of the answers', async (t) => {
  const port = await slowServer(t, 400, 429);
  const { answers } = await run(job(port, { kind: 'open', perSecond: 50, seconds: 1, graceSeconds: 5 }));
  t.equal(answers.length, 50);
  t.ok(answers.every(({ status, ms, msFromSent }) => status === 429 && ms >= 390 && ms >= msFromSent - 2));
});

t.test('latency counts from when a request was due, not from when it could be sent', async (t) => {
  const port = await slowServer(t, 0);
  const running = run(job(port, { kind: 'open', perSecond: 100, seconds: 0.5, graceSeconds: 5 }));
  await wait(100);
  const end = performance.now() + 300;
  // The generator itself stands still: some thirty requests are late.
  while (performance.now() < end);
  const { answers } = await running;
  t.equal(answers.length, 50);
  t.ok(answers.filter(({ ms, msFromSent }) => ms - msFromSent > 50).length >= 15);
});

t.test('an answer that comes before its request is sent ends the connection', async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    // Reads nothing more: a large request cannot be sent to its end.
    socket.once('data', () => {
      socket.pause();
      socket.write('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const requests = [postForm('/', {}, { name: 'file', filename: 'a', bytes: Buffer.alloc(16 << 20) })];
  const load = { kind: 'each', clients: 1, times: 3 } as const;
  const { answers } = await run({ port: await portOf(t, server), requests, load, watch: {} });
  t.strictSame(
    answers.map(({ status }) => status),
    [429, 429, 429],
  );
  t.equal(connections, 3);
});

t.test('a connection that ends without an answer is counted as such', async (t) => {
  const server = createServer((socket) => socket.once('data', () => socket.destroy()));
  const load = { kind: 'each', clients: 1, times: 2 } as const;
  const { answers } = await run(job(await portOf(t, server), load));
  t.strictSame(
    answers.map(({ status }) => status),
    [0, 0],
  );
});

t.test('what is still unanswered when the grace is over is counted', async (t) => {
  const port = await slowServer(t, 60_000);
  const { answers } = await run(job(port, { kind: 'open', perSecond: 20, seconds: 0.2, graceSeconds: 0.1 }));
  t.strictSame(
    answers.map(({ status }) => status),
    [0, 0, 0, 0],
  );
});
