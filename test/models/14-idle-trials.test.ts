/** Trials run when nobody waits; a model that a request loads answers without any. */
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import t from 'tap';

import { Engine } from '../../src/engine/engine.js';
import { IdleTrials, type Trialled } from '../../src/models/idle-trials.js';
import { findModels } from '../../src/models/discovery.js';
import { ModelRegistry } from '../../src/models/registry.js';
import { defaultPolicy } from '../../src/models/spec.js';
import { embeddedModel } from '../support/daemon.js';

class FakeModel implements Trialled {
  idle = true;
  awaitsTrials = true;
  readonly trials: number[] = [];
  static count = 0;
  readonly #events: EventEmitter;
  constructor(events: EventEmitter) {
    this.#events = events;
  }
  runTrials(): Promise<void> {
    this.trials.push(++FakeModel.count);
    this.awaitsTrials = false;
    this.#events.emit('trials');
    return Promise.resolve();
  }
}

/** The timers of trials keep no process alive. */
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

t.test('one after the other, and not while a model is in use', async (t) => {
  const events = new EventEmitter();
  const [first, second] = [new FakeModel(events), new FakeModel(events)];
  const trials = new IdleTrials(() => [first, second], 1);
  first.idle = false;
  trials.touched();
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.strictSame([first.trials, second.trials], [[], []]);
  first.idle = true;
  await once(events, 'trials');
  await once(events, 'trials');
  t.strictSame([first.trials, second.trials], [[1], [2]]);
});

t.test('none after the close', async (t) => {
  const events = new EventEmitter();
  const model = new FakeModel(events);
  const trials = new IdleTrials(() => [model], 1);
  trials.touched();
  trials.close();
  trials.touched();
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.strictSame(model.trials, []);
});

t.test('what a request loads has run its warm-up alone; measured later, it goes on', async (t) => {
  const { specs } = await findModels({
    ...defaultPolicy(),
    models: [embeddedModel],
    basePath: '/nowhere',
    processor: 'cpu',
    processorGiven: true,
    detectorConfig: null,
  });
  const engine = new Engine();
  t.teardown(() => engine.close());
  const lines: { fields: Record<string, unknown>; message: string }[] = [];
  const note = (fields: object | string, message = '') =>
    void lines.push({ fields: fields as Record<string, unknown>, message });
  const log = { debug: note, info: note, warn: note, error: note };
  const registry = new ModelRegistry(specs, engine, { intraOpThreads: 0, instances: 0, trials: 'when-idle' }, log);
  const [model] = registry.models;
  if (model === undefined) throw new Error('no model');
  await model.settled(new AbortController().signal);
  t.match(lines, [{ message: 'model loaded', fields: { trial_inferences: 0, instances: 1, max_batch: 1 } }]);
  if (model.awaitsTrials) {
    await model.runTrials();
    t.match(lines[1], { message: /^model measured/, fields: { was: { instances: 1 }, is: {} } });
    t.ok(Number(lines[1]?.fields.trial_inferences) > 0);
    t.notOk(model.awaitsTrials);
  }
  t.equal(model.state, 'ready');
  await registry.close();
});
