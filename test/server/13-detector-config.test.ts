import t, { type Test } from 'tap';

import { embeddedModel, startDaemon } from '../support/daemon.js';
import { FrameServer } from '../support/frame-server.js';
import { picture, resultOf, urlsReplyOf } from '../support/shapes.js';

const circles = picture('shapes-05');
const many = picture('shapes-08');
const mixed = picture('shapes-10');

type Fields = Readonly<Record<string, unknown>>;
const model = (name: string, fields: Fields = {}) => ({ name, weights: embeddedModel, ...fields });

/** What a server with this `detector_config` finds in the picture. */
async function found(t: Test, config: Fields, { bytes } = mixed) {
  const daemon = await startDaemon(t, { detector_config: config });
  const { status, json } = await daemon.upload({ file: bytes });
  t.equal(status, 200);
  return resultOf(json);
}

const sorted = (labels: readonly string[]) => [...labels].sort();
const labelsOf = ({ objects }: typeof mixed, pattern = /^/) =>
  sorted(objects.map(({ label }) => label).filter((label) => pattern.test(label)));

t.test('models come from the file alone', async (t) => {
  const daemon = await startDaemon(t, { models: ['nowhere'], detector_config: { models: [model('yard')] } });
  t.match((await daemon.get('/models')).json, { models: [{ name: 'yard', loaded: true }] });
  t.notMatch(daemon.logText, /nowhere/);
  const none = await startDaemon(t, { detector_config: {} });
  t.strictSame((await none.get('/models')).json, { models: [] });
});

t.test('a disabled model neither runs nor is listed', async (t) => {
  const config = { models: [model('yard', { enabled: false }), model('gate', { pattern: 'star' })] };
  const daemon = await startDaemon(t, { detector_config: config });
  t.match((await daemon.get('/models')).json, { models: [{ name: 'gate' }] });
  t.strictSame(resultOf((await daemon.upload({ file: mixed.bytes })).json).labels, ['star']);
});

t.test('a nameless model is listed by its framework and reports yolo', async (t) => {
  const daemon = await startDaemon(t, { detector_config: { models: [{ weights: embeddedModel }] } });
  t.match((await daemon.get('/models')).json, { models: [{ name: 'opencv', framework: 'opencv' }] });
  const result = resultOf((await daemon.upload({ file: circles.bytes })).json);
  t.strictSame(result.model_names, ['yolo', 'yolo']);
});

t.test("patterns of a model and of the detector thin out what is seen, and are no zones' affair", async (t) => {
  const own = await found(t, { models: [model('yard', { pattern: 'star|circle' })] });
  t.strictSame(sorted(own.labels), labelsOf(mixed, /^(star|circle)/));
  t.strictSame(own.error_boxes, []);
  const both = await found(t, { pattern: 'c', models: [model('yard', { pattern: 'star|circle' })] });
  t.strictSame(sorted(both.labels), ['circle']);
});

t.test('a threshold is that of its model', async (t) => {
  const all = await found(t, { models: [model('yard')] });
  const least = Math.min(...all.confidences);
  const above = all.confidences.filter((confidence) => confidence > least);
  const result = await found(t, { models: [model('yard', { min_confidence: (least + Math.min(...above)) / 2 })] });
  t.strictSame(result.confidences, above);
  t.strictSame((await found(t, { models: [model('yard', { min_confidence: 1 })] })).labels, []);
});

t.test('what is larger than the limit is dropped', async (t) => {
  const { width, height, objects } = mixed;
  const areas = objects.map(({ box: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1)).sort((a, b) => a - b);
  const [second = 0, largest = 0] = areas.slice(-2);
  const between = Math.round((second + largest) / 2);
  for (const limit of [`${between}`, `${between}px`, `${(100 * between) / (width * height)}%`]) {
    const result = await found(t, { max_detection_size: limit, models: [model('yard')] });
    t.equal(result.labels.length, objects.length - 1, limit);
    const single = await found(t, { models: [model('yard', { max_detection_size: limit })] });
    t.equal(single.labels.length, objects.length - 1, `${limit} of the model`);
  }
});

t.test('of several models of a type the match strategy takes one list, or all', async (t) => {
  const models = [
    model('few', { pattern: 'star' }),
    model('more', { pattern: 'triangle' }),
    model('other', { pattern: 'circle|square' }),
  ];
  const taken = async (strategy?: string) => {
    const result = await found(t, { models, ...(strategy === undefined ? {} : { match_strategy: strategy }) });
    return { models: [...new Set(result.model_names)], labels: sorted(result.labels) };
  };
  t.strictSame(await taken('first'), { models: ['few'], labels: ['star'] });
  t.strictSame(await taken('most'), { models: ['more'], labels: ['triangle', 'triangle'] }, 'a tie keeps the earlier');
  t.strictSame(await taken(), await taken('most'), 'the default');
  t.strictSame(await taken('most_unique'), { models: ['other'], labels: ['circle', 'square'] });
  t.strictSame(await taken('union'), {
    models: ['few', 'more', 'other'],
    labels: ['circle', 'square', 'star', 'triangle', 'triangle'],
  });
});

t.test('models of different types add up, and a type may override the strategy', async (t) => {
  const models = [
    model('a', { pattern: 'star' }),
    model('b', { pattern: 'circle' }),
    model('c', { type: 'face', pattern: 'square' }),
  ];
  const config = { match_strategy: 'first', type_overrides: { object: { match_strategy: 'union' } }, models };
  const result = await found(t, config);
  t.strictSame(result.model_names, ['a', 'b', 'c']);
  t.strictSame(result.detection_types, ['object', 'object', 'object'], 'fixed by the backend');
});

t.test('a model may wait for what an earlier type has seen', async (t) => {
  const models = (wanted: string) => [
    model('a', { pattern: 'star' }),
    model('b', { type: 'face', pattern: 'square', pre_existing_labels: [wanted] }),
  ];
  t.strictSame((await found(t, { models: models('star') })).labels, ['star', 'square']);
  t.strictSame((await found(t, { models: models('cross') })).labels, ['star']);
});

t.test('the frame strategy decides which frame is at the top', async (t) => {
  const frames = await FrameServer.start({
    pictures: { circles: circles.bytes, many: many.bytes, mixed: mixed.bytes },
  });
  t.teardown(() => frames.close());
  const urls = ['circles', 'many', 'mixed'].map((fid) => ({ frame_id: fid, url: frames.urlOf(fid) }));
  const models = [model('a', { pattern: 'circle|square|cross' }), model('b', { pattern: 'star' })];
  const winner = async (strategy?: string) => {
    const chosen = strategy === undefined ? {} : { frame_strategy: strategy };
    const daemon = await startDaemon(t, { detector_config: { match_strategy: 'union', models, ...chosen } });
    const reply = urlsReplyOf((await daemon.post('/detect_urls', { urls })).json);
    t.equal(reply.results.length, 3, 'whatever wins, every frame is told');
    return reply.frame_id;
  };
  t.equal(await winner('first'), 'circles');
  t.equal(await winner('first_new'), 'circles');
  t.equal(await winner('most'), 'many');
  t.equal(await winner('most_unique'), 'mixed');
  t.equal(await winner('most_models'), 'mixed');
  t.equal(await winner(), 'mixed', 'the default');
});
