/** Who is in memory. Models are stand-ins that note when they go. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';

import { ModelRoom, type Resident, type RoomLimits } from '../../src/models/room.js';

interface StandIn extends Resident {
  idle: boolean;
  lastUsed: number;
  unloaded: number;
}

function setUp(t: Test, limits: Partial<RoomLimits>) {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const room = new ModelRoom({ maxLoadedModels: 0, maxModelMemory: 0, ...limits }, log);
  const folder = t.testdir({});
  let uses = 0;
  /** A model whose file has so many bytes. */
  const model = (name: string, bytes = 1000, pinned = false): StandIn => {
    const weightsPath = path.join(folder, `${name}.onnx`);
    writeFileSync(weightsPath, Buffer.alloc(bytes));
    const standIn: StandIn = {
      name,
      pinned,
      idle: true,
      lastUsed: 0,
      unloaded: 0,
      weightsPath,
      async unload() {
        standIn.unloaded += 1;
        await wait(5);
        room.left(standIn);
      },
    };
    return standIn;
  };
  const load = async (standIn: StandIn) => {
    await room.load(standIn, async () => await wait(1));
    standIn.lastUsed = ++uses;
  };
  const inMemory = (...models: StandIn[]) => models.filter((each) => room.bytesOf(each) > 0).map(({ name }) => name);
  return { room, model, load, inMemory, lines };
}

t.test('without limits everything stays', async (t) => {
  const { model, load, inMemory } = setUp(t, {});
  const models = ['a', 'b', 'c'].map((name) => model(name));
  for (const each of models) await load(each);
  t.strictSame(inMemory(...models), ['a', 'b', 'c']);
});

t.test('the one used least recently goes first', async (t) => {
  const { model, load, inMemory } = setUp(t, { maxLoadedModels: 2 });
  const [a, b, c] = [model('a'), model('b'), model('c')];
  await load(a);
  await load(b);
  a.lastUsed = 10;
  await load(c);
  t.strictSame(inMemory(a, b, c), ['a', 'c']);
  t.equal(b.unloaded, 1);
});

t.test('one that is idle goes before one in use, however long ago that was begun', async (t) => {
  const { model, load, inMemory } = setUp(t, { maxLoadedModels: 2 });
  const [a, b, c] = [model('a'), model('b'), model('c')];
  await load(a);
  await load(b);
  a.idle = false;
  await load(c);
  t.strictSame(inMemory(a, b, c), ['a', 'c']);
});

t.test('where all are in use, the next that becomes idle goes', async (t) => {
  const { room, model, load, inMemory } = setUp(t, { maxLoadedModels: 2 });
  const [a, b, c] = [model('a'), model('b'), model('c')];
  await load(a);
  await load(b);
  a.idle = b.idle = false;
  const loading = load(c);
  await wait(50);
  t.strictSame(inMemory(a, b, c), ['a', 'b'], 'it waits');
  b.idle = true;
  room.changed();
  await loading;
  t.strictSame(inMemory(a, b, c), ['a', 'c']);
});

t.test('nobody waits for ever for models that are never idle', async (t) => {
  const { model, load, inMemory } = setUp(t, { maxLoadedModels: 1 });
  const [a, b] = [model('a'), model('b')];
  await load(a);
  a.idle = false;
  const started = performance.now();
  await load(b);
  t.ok(performance.now() - started > 900);
  t.strictSame(inMemory(a, b), ['b']);
});

t.test('a pinned model stays, and where all are pinned there is no room', async (t) => {
  const { model, load, inMemory } = setUp(t, { maxLoadedModels: 2 });
  const [a, b, c, d] = [model('a', 1000, true), model('b'), model('c'), model('d', 1000, true)];
  await load(a);
  await load(b);
  await load(c);
  t.strictSame(inMemory(a, b, c), ['a', 'c']);
  await load(d);
  await t.rejects(load(b), { code: 'MODEL_NO_ROOM', status: 503, message: /no room for model b/ });
  t.strictSame(inMemory(a, b, c, d), ['a', 'd']);
});

t.test('memory is limited by what the models were measured to take, and at least by their files', async (t) => {
  const megabyte = 1024 * 1024;
  const { room, model, load, inMemory } = setUp(t, { maxModelMemory: 380 * megabyte });
  const [a, b, c] = [model('a', 30 * megabyte), model('b', 30 * megabyte), model('c', 90 * megabyte)];
  await load(a);
  await load(b);
  t.ok(room.bytesOf(a) >= 30 * megabyte);
  t.strictSame(inMemory(a, b), ['a', 'b']);
  await load(c);
  t.strictSame(inMemory(a, b, c).includes('c'), true);
  t.notOk(inMemory(a, b, c).includes('a'), 'what it is guessed to take does not fit beside both');
});

t.test('a model that alone is over the limit is loaded alone, and the log says so', async (t) => {
  const { model, load, inMemory, lines } = setUp(t, { maxModelMemory: 1000 });
  const [a, b] = [model('a'), model('b', 5000)];
  await load(a);
  await load(b);
  t.strictSame(inMemory(a, b), ['b']);
  t.match(lines.join(''), /the models in memory take more than they may/);
});

t.test('a load that fails takes no room', async (t) => {
  const { room, model, load, inMemory } = setUp(t, { maxLoadedModels: 1 });
  const [a, b] = [model('a'), model('b')];
  await t.rejects(
    room.load(a, () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  );
  await load(b);
  t.strictSame(inMemory(a, b), ['b']);
});
