import t from 'tap';
import {
  type DetectorConfig,
  defaultDetectorConfig,
  defaultModelConfig,
  type ModelConfig,
} from '../../src/detection/config.js';
import type { Detection } from '../../src/detection/detection.js';
import { analyseFrame, type PipelineOutcome } from '../../src/detection/pipeline.js';
import { ZmdetectError } from '../../src/errors.js';
import { at, detections, labelsOf } from '../support/detections.js';

const size = { width: 100, height: 100 };

function model(name: string, fields: Partial<ModelConfig> = {}): ModelConfig {
  return { ...defaultModelConfig(), name, ...fields };
}

interface Run extends PipelineOutcome<ModelConfig> {
  readonly labels: string[];
  /** Names of the models in the order in which they were started. */
  readonly ran: string[];
}

/** What each model sees, by its name; an Error is thrown. */
type Sight = Record<string, readonly Detection[] | Error>;

async function run(
  models: ModelConfig[],
  sight: Sight,
  config: Partial<DetectorConfig> = {},
  signal?: AbortSignal,
): Promise<Run> {
  const ran: string[] = [];
  const infer = async ({ name }: ModelConfig): Promise<readonly Detection[]> => {
    ran.push(name);
    const seen = sight[name] ?? [];
    if (seen instanceof Error) throw seen;
    return seen;
  };
  const outcome = await analyseFrame({ ...defaultDetectorConfig(), ...config }, models, infer, { size, signal });
  return { ...outcome, labels: labelsOf(outcome.detections), ran };
}

const a = model('a');
const b = model('b');

t.test('by default the model that sees most wins', async (t) => {
  const { labels, ran } = await run([a, b], { a: detections('dog'), b: detections('car', 'cat') });
  t.strictSame(labels, ['car', 'cat']);
  t.strictSame(ran, ['a', 'b']);
});

t.test('first does not run the models after the one that saw something', async (t) => {
  const { labels, ran } = await run(
    [a, b, model('c')],
    { b: detections('car'), c: detections('dog', 'cat') },
    { matchStrategy: 'first' },
  );
  t.strictSame(labels, ['car']);
  t.strictSame(ran, ['a', 'b']);
});

t.test('a model type may have a match strategy of its own', async (t) => {
  const sight = { a: detections('dog'), b: detections('car', 'cat') };
  t.strictSame((await run([a, b], sight, { typeOverrides: { object: { matchStrategy: 'union' } } })).labels, [
    'dog',
    'car',
    'cat',
  ]);
  t.strictSame((await run([a, b], sight, { typeOverrides: { face: { matchStrategy: 'union' } } })).labels, [
    'car',
    'cat',
  ]);
});

t.test('models that are not enabled do not run', async (t) => {
  const { ran } = await run([model('off', { enabled: false }), a], {});
  t.strictSame(ran, ['a']);
});

t.test('types come in the order in which they first appear', async (t) => {
  const models = [model('face', { type: 'face' }), a, model('face2', { type: 'face' })];
  const { labels, ran } = await run(models, {
    face: detections('ann'),
    a: detections('car'),
    face2: detections('bob', 'cid'),
  });
  t.strictSame(ran, ['face', 'face2', 'a']);
  t.strictSame(labels, ['bob', 'cid', 'car']);
});

t.test('models of one type start together, those of another type after them', async (t) => {
  const started: string[] = [];
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const done = analyseFrame(
    defaultDetectorConfig(),
    [a, b, model('face', { type: 'face' })],
    async ({ name }) => {
      started.push(name);
      await gate;
      return [];
    },
    { size },
  );
  await new Promise(setImmediate);
  t.strictSame(started, ['a', 'b']);
  release();
  await done;
  t.strictSame(started, ['a', 'b', 'face']);
});

t.test("a model's pattern and size limit come before the match strategy", async (t) => {
  const seen = [at([0, 0, 50, 50], 'car'), at([0, 0, 10, 10], 'car'), at([0, 0, 10, 10], 'dog')];
  const filtered = model('a', { pattern: 'car', maxDetectionSize: '20%' });
  const { labels } = await run([filtered, b], { a: seen, b: detections('cat', 'cow') });
  t.strictSame(labels, ['cat', 'cow'], 'one of the three is left to the first model');
});

t.test("the detector's pattern and size limit come after the match strategy", async (t) => {
  const sight = { a: detections('dog', 'cat'), b: detections('car') };
  t.strictSame((await run([a, b], sight, { pattern: 'car' })).labels, []);
  const boxes = { a: [at([0, 0, 50, 50], 'big'), at([0, 0, 10, 10], 'small')] };
  t.strictSame((await run([a], boxes, { maxDetectionSize: '20%' })).labels, ['small']);
});

t.test("a type's size limit stands in for the detector's", async (t) => {
  const sight = { a: [at([0, 0, 50, 50], 'big'), at([0, 0, 90, 90], 'huge')] };
  const typeOverrides = { object: { maxDetectionSize: '30%' } };
  t.strictSame((await run([a], sight, { maxDetectionSize: '1%', typeOverrides })).labels, ['big']);
});

t.test('a size limit that cannot be read is reported once', async (t) => {
  const { warnings, labels } = await run(
    [model('a', { maxDetectionSize: '5 %' })],
    { a: detections('car') },
    { maxDetectionSize: '5 %' },
  );
  t.strictSame(labels, ['car']);
  t.equal(warnings.length, 1);
});

t.test('a type waits for labels of earlier types', async (t) => {
  const face = model('face', { type: 'face', preExistingLabels: ['person'] });
  const sight = { a: detections('person'), face: detections('ann') };
  t.strictSame((await run([a, face], sight)).labels, ['person', 'ann']);
  t.strictSame((await run([a, face], { ...sight, a: detections('dog') })).ran, ['a']);
  t.strictSame((await run([face, a], sight)).ran, ['a'], 'an earlier type, not a later one');
});

t.test('the first list of a type stands for the type', async (t) => {
  const plain = model('plain', { type: 'face' });
  const gated = model('gated', { type: 'face', preExistingLabels: ['person'] });
  t.strictSame((await run([a, plain, gated], { a: detections('dog') })).ran, ['a']);
});

t.test('gates look at labels before the detector filters them', async (t) => {
  const plate = model('plate', { type: 'alpr', preExistingLabels: ['car'] });
  const { labels } = await run([a, plate], { a: detections('car'), plate: detections('AB12') }, { pattern: 'AB' });
  t.strictSame(labels, ['AB12']);
});

t.test('a model is skipped when the models before it saw something else than it waits for', async (t) => {
  const face1 = model('face1', { type: 'face', preExistingLabels: ['person'] });
  const face2 = model('face2', { type: 'face', preExistingLabels: ['unknown', 'person'] });
  const person = { a: detections('person') };
  t.strictSame((await run([a, face1, face2], { ...person, face1: detections('ann') })).ran, ['a', 'face1']);
  t.strictSame((await run([a, face1, face2], { ...person, face1: detections('unknown') })).ran, [
    'a',
    'face1',
    'face2',
  ]);
  t.strictSame((await run([a, face1, face2], person)).ran, ['a', 'face1', 'face2'], 'nothing seen holds nothing back');
});

t.test('a model that fails counts as not run', async (t) => {
  const error = new ZmdetectError('INFERENCE_FAILED', { reason: 'x' });
  const { labels, failures } = await run([a, b], { a: error, b: detections('car') });
  t.strictSame(labels, ['car']);
  t.strictSame(failures, [{ model: a, error }]);
});

t.test('failures stand in model order, also when all fail', async (t) => {
  const { labels, failures } = await run([a, b], { a: new Error('a'), b: new Error('b') }, { matchStrategy: 'first' });
  t.strictSame(labels, []);
  t.strictSame(
    failures.map(({ model }) => model.name),
    ['a', 'b'],
  );
});

t.test('a cancelled or late request ends the frame', async (t) => {
  for (const code of ['CANCELLED', 'DEADLINE_EXCEEDED'] as const) {
    await t.rejects(run([a, b], { a: new ZmdetectError(code), b: detections('car') }), { code });
  }
});

t.test('once the signal is aborted nothing starts, and errors end the frame', async (t) => {
  const reason = new ZmdetectError('CANCELLED');
  await t.rejects(run([a], {}, {}, AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const infer = async (): Promise<never> => {
    controller.abort();
    throw new Error('torn off');
  };
  await t.rejects(analyseFrame(defaultDetectorConfig(), [a], infer, { size, signal: controller.signal }), {
    message: 'torn off',
  });
});

t.test('an invalid pattern is told before any model runs', async (t) => {
  const infer = async (): Promise<never> => t.fail('ran') as never;
  const invalid = { code: 'PATTERN_INVALID' };
  await t.rejects(analyseFrame({ ...defaultDetectorConfig(), pattern: '(' }, [a], infer, { size }), invalid);
  await t.rejects(analyseFrame(defaultDetectorConfig(), [a, model('c', { pattern: '(' })], infer, { size }), invalid);
});

t.test('no models see nothing', async (t) => {
  t.match(await run([], {}), { detections: [], failures: [], warnings: [] });
});
