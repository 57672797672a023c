import t from 'tap';
import { type FrameStrategy, frameStrategies, type MatchStrategy } from '../../src/detection/config.js';
import type { Detection } from '../../src/detection/detection.js';
import { chooseDetections, chooseFrame, stopsAtFirstMatch } from '../../src/detection/strategy.js';
import { detection, detections, labelsOf } from '../support/detections.js';

function labels(strategy: MatchStrategy, ...lists: Detection[][]): string[] {
  return labelsOf(chooseDetections(strategy, lists));
}

t.test('first takes the first list that is not empty', async (t) => {
  t.strictSame(labels('first', [], detections('a'), detections('b', 'c')), ['a']);
});

t.test('most takes the longest list, the earlier of equals', async (t) => {
  t.strictSame(labels('most', detections('a'), detections('b', 'b'), detections('c', 'd')), ['b', 'b']);
});

t.test('most_unique takes the list of most labels, the earlier of equals', async (t) => {
  t.strictSame(labels('most_unique', detections('a', 'a', 'a'), detections('b', 'c'), detections('d', 'e')), [
    'b',
    'c',
  ]);
});

t.test('union takes all lists in model order', async (t) => {
  t.strictSame(labels('union', detections('a'), [], detections('b', 'a')), ['a', 'b', 'a']);
});

t.test('no list and empty lists give nothing', async (t) => {
  for (const strategy of ['first', 'most', 'most_unique', 'union'] as const) {
    t.strictSame(labels(strategy), []);
    t.strictSame(labels(strategy, [], []), []);
  }
});

interface Frame {
  name: string;
  detections: Detection[];
}

function chosen(strategy: FrameStrategy, ...frames: Frame[]): string | null {
  return chooseFrame(strategy, frames)?.name ?? null;
}

const empty: Frame = { name: 'empty', detections: [] };
const one: Frame = { name: 'one', detections: [detection({ label: 'a', confidence: 0.9 })] };
const twice: Frame = { name: 'twice', detections: ['a', 'a'].map((label) => detection({ label, confidence: 0.4 })) };
const two: Frame = { name: 'two', detections: ['a', 'b'].map((label) => detection({ label, confidence: 0.3 })) };
const sure: Frame = { name: 'sure', detections: ['a', 'a'].map((label) => detection({ label, confidence: 0.8 })) };
const models: Frame = {
  name: 'models',
  detections: ['x', 'y'].map((modelName) => detection({ label: 'a', confidence: 0.1, modelName })),
};

t.test('first and first_new take the first frame with a detection', async (t) => {
  for (const strategy of ['first', 'first_new'] as const) {
    t.equal(chosen(strategy, empty, one, two, sure), 'one');
    t.ok(stopsAtFirstMatch(strategy));
  }
  t.notOk(stopsAtFirstMatch('most'));
});

t.test('most counts detections, then adds up confidences', async (t) => {
  t.equal(chosen('most', one, twice), 'twice');
  t.equal(chosen('most', twice, two, sure), 'sure');
});

t.test('most_unique counts labels, then adds up confidences', async (t) => {
  t.equal(chosen('most_unique', sure, two), 'two');
  t.equal(chosen('most_unique', twice, one), 'one');
});

t.test('most_models counts models, then detections, then adds up confidences', async (t) => {
  t.equal(chosen('most_models', sure, models), 'models');
  t.equal(chosen('most_models', one, twice), 'twice');
  t.equal(chosen('most_models', twice, sure), 'sure');
});

t.test('of equal frames the earlier wins', async (t) => {
  for (const strategy of frameStrategies) {
    t.equal(chosen(strategy, one, { ...one, name: 'again' }), 'one');
    t.equal(chosen(strategy, empty, { ...empty, name: 'again' }), 'empty', 'also of empty ones');
    t.equal(chosen(strategy), null, 'no frame, no choice');
  }
});
