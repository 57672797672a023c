/** The three kinds of load. */
import { setImmediate as soon, setTimeout as wait } from 'node:timers/promises';

import { type Answer, Connection } from './connection.js';
import type { Answered, Job, Load, Report } from './job.js';
import { Window } from './window.js';

export async function run(job: Job): Promise<Report> {
  const window = new Window(job.watch);
  const { load } = job;
  if (load.kind === 'open') await openLoop(job, load, window);
  else if (load.kind === 'closed') await closedLoop(job, load, window);
  else await each(job, load, window);
  return window.report();
}

const leastAnswers = 5;
const patienceSeconds = 30;

type Of<Kind extends Load['kind']> = Extract<Load, { kind: Kind }>;

async function closedLoop(job: Job, load: Of<'closed'>, window: Window): Promise<void> {
  const requests = inTurn(job.requests);
  let ended = false;
  const clients = Array.from({ length: load.clients }, () =>
    client(job.port, () => (ended ? undefined : requests()), window),
  );
  await wait(load.warmupSeconds * 1000);
  window.open();
  await wait(load.seconds * 1000);
  // A server so slow that a few answers take longer is measured for longer.
  const end = performance.now() + patienceSeconds * 1000;
  while (window.count < leastAnswers && performance.now() < end) await wait(20);
  window.close();
  ended = true;
  // What is under way is finished, so that the next run finds the server idle.
  await Promise.all(clients);
}

async function each(job: Job, load: Of<'each'>, window: Window): Promise<void> {
  const requests = inTurn(job.requests);
  window.open();
  const clients = Array.from({ length: load.clients }, () => {
    let left = load.times;
    return client(job.port, () => (left-- > 0 ? requests() : undefined), window);
  });
  await Promise.all(clients);
  window.close();
}

/** Sends what `next` gives until it gives nothing. */
async function client(port: number, next: () => Uint8Array | undefined, window: Window): Promise<void> {
  let connection = new Connection(port);
  for (let request = next(); request !== undefined; request = next()) {
    if (!connection.usable) connection = new Connection(port);
    const sent = performance.now();
    const answer = await sentOver(connection, request);
    const ms = performance.now() - sent;
    window.add({ status: answer.status, ms, msFromSent: ms }, answer.body);
    // A server that is gone refuses at once; without a pause the generator would do nothing but ask again.
    if (answer.status === 0) await wait(20);
  }
  connection.close();
}

function sentOver(connection: Connection, request: Uint8Array): Promise<Answer> {
  return new Promise((resolve) => connection.send(request, resolve));
}

/** Each request has a moment at which it is due; a late start is part of its latency (no coordinated omission). */
async function openLoop(job: Job, load: Of<'open'>, window: Window): Promise<void> {
  const requests = inTurn(job.requests);
  const count = Math.round(load.perSecond * load.seconds);
  const everyMs = 1000 / load.perSecond;
  const idle: Connection[] = [];
  const busy = new Map<Connection, { due: number; sent: number }>();
  const record = (connection: Connection, answer: Answer) => {
    const request = busy.get(connection);
    if (request === undefined) return;
    busy.delete(connection);
    if (connection.usable) idle.push(connection);
    const now = performance.now();
    const answered: Answered = { status: answer.status, ms: now - request.due, msFromSent: now - request.sent };
    window.add(answered, answer.body);
  };
  window.open();
  const start = performance.now();
  for (let n = 0; n < count; n += 1) {
    const due = start + n * everyMs;
    const early = due - performance.now();
    // Answers are taken in between, also by a generator that is behind.
    await (early > 0 ? wait(early) : soon());
    const connection = idlest(idle) ?? new Connection(job.port);
    busy.set(connection, { due, sent: performance.now() });
    connection.send(requests(), (answer) => record(connection, answer));
  }
  const end = performance.now() + load.graceSeconds * 1000;
  while (busy.size > 0 && performance.now() < end) await wait(20);
  const unanswered = [...busy.keys()];
  // Closing them counts each as lost.
  for (const connection of unanswered) {
    connection.close();
    record(connection, { status: 0, body: Buffer.alloc(0) });
  }
  window.close();
  for (const connection of idle) connection.close();
}

/** The connection used last: the others may have been closed by the server meanwhile. */
function idlest(idle: Connection[]): Connection | undefined {
  for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
    if (connection.usable) return connection;
  }
  return undefined;
}

function inTurn(requests: readonly Uint8Array[]): () => Uint8Array {
  let next = 0;
  return () => {
    const request = requests[next++ % requests.length];
    if (request === undefined) throw new Error('a job needs at least one request');
    return request;
  };
}
