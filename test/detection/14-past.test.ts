import t from 'tap';
import { defaultDetectorConfig } from '../../src/detection/config.js';
import type { Box } from '../../src/detection/detection.js';
import { matchPast, type PastConfig, wantsPast } from '../../src/detection/past.js';
import { at, detection, labelsOf } from '../support/detections.js';

function config(fields: Partial<PastConfig> = {}): PastConfig {
  return { ...defaultDetectorConfig(), matchPastDetections: true, ...fields };
}

const past = [{ box: [0, 0, 100, 100] as Box, label: 'car' }];

function isKept(box: Box, fields: Partial<PastConfig> = {}, label = 'car'): boolean {
  return matchPast([at(box, label)], past, config(fields)).kept.length === 1;
}

t.test('a thing that moved by no more than 5 % of its area is old', async (t) => {
  t.notOk(isKept([0, 0, 100, 100]), 'not moved');
  t.notOk(isKept([5, 0, 105, 100]), 'moved by 5 pixels');
  t.ok(isKept([6, 0, 106, 100]), 'moved by 6 pixels');
  t.notOk(isKept([0, 0, 97, 100]), 'shrunk by 3 %');
  t.ok(isKept([0, 0, 90, 100]), 'shrunk by 10 %');
});

t.test('a thing that grew around the old one is measured by its growth', async (t) => {
  t.ok(isKept([0, 0, 110, 110]));
  t.notOk(isKept([0, 0, 105, 100]), '500 more of 10500');
  t.ok(isKept([0, 0, 106, 100]), '600 more of 10600');
});

t.test('the tolerance may be an area', async (t) => {
  t.notOk(isKept([6, 0, 106, 100], { pastDetMaxDiffArea: '600px' }));
  t.ok(isKept([6, 0, 106, 100], { pastDetMaxDiffArea: '599' }));
});

t.test('a label may have a tolerance of its own', async (t) => {
  const fields = { pastDetMaxDiffAreaLabels: { car: '10%' } };
  t.notOk(isKept([10, 0, 110, 100], fields));
  t.ok(isKept([11, 0, 111, 100], fields));
});

t.test('a tolerance that cannot be read counts as 0 and says so', async (t) => {
  const fields = { pastDetMaxDiffArea: '5 %' };
  t.ok(isKept([1, 0, 101, 100], fields));
  t.notOk(isKept([0, 0, 100, 100], fields));
  t.strictSame(matchPast([at([0, 0, 9, 9], 'car'), at([1, 0, 9, 9], 'car')], past, config(fields)).warnings, [
    'expected <number>, <number>px or <number>% for past_det_max_diff_area, got "5 %"',
  ]);
});

t.test('only things of the same label are compared', async (t) => {
  t.ok(isKept([0, 0, 100, 100], {}, 'dog'));
});

t.test('aliases are the same label, but keep their own tolerance', async (t) => {
  const aliases = [['car', 'bus', 'truck']];
  t.notOk(isKept([0, 0, 100, 100], { aliases }, 'truck'));
  const pastDetMaxDiffAreaLabels = { car: '50%' };
  t.ok(isKept([20, 0, 120, 100], { aliases, pastDetMaxDiffAreaLabels }, 'truck'));
  t.notOk(isKept([20, 0, 120, 100], { aliases, pastDetMaxDiffAreaLabels }, 'car'));
});

t.test('boxes that do not touch are not compared', async (t) => {
  t.ok(isKept([200, 200, 300, 300], { pastDetMaxDiffArea: '99999px' }));
  t.notOk(isKept([100, 100, 200, 200], { pastDetMaxDiffArea: '99999px' }), 'a common corner is a touch');
});

t.test('labels on the ignore list are always kept', async (t) => {
  t.ok(isKept([0, 0, 100, 100], { ignorePastDetectionLabels: ['car'] }));
});

t.test('a model type may do it its own way', async (t) => {
  const same: Box = [0, 0, 100, 100];
  const list = [detection({ label: 'car', box: same }), detection({ label: 'car', box: same, type: 'face' })];
  const typesKept = (fields: Partial<PastConfig>): string[] =>
    matchPast(list, past, config(fields)).kept.map(({ type }) => type);
  t.strictSame(typesKept({ typeOverrides: { face: { matchPastDetections: false } } }), ['face']);
  t.strictSame(typesKept({ matchPastDetections: false, typeOverrides: { face: { matchPastDetections: true } } }), [
    'object',
  ]);
  t.strictSame(typesKept({ typeOverrides: { face: { ignorePastDetectionLabels: ['car'] } } }), ['face']);
  t.strictSame(typesKept({ typeOverrides: { face: { matchPastDetections: null } } }), []);
});

t.test('the new state is everything that came in, also what was dropped', async (t) => {
  const list = [at([0, 0, 100, 100], 'car'), at([300, 0, 400, 100], 'dog')];
  const outcome = matchPast(list, past, config());
  t.strictSame(labelsOf(outcome.kept), ['dog']);
  t.strictSame(outcome.past, [
    { box: [0, 0, 100, 100], label: 'car' },
    { box: [300, 0, 400, 100], label: 'dog' },
  ]);
});

t.test('without detections, and without matching, the state stays', async (t) => {
  t.equal(matchPast([], past, config()).past, past);
  const off = matchPast([at([0, 0, 100, 100], 'car')], past, config({ matchPastDetections: false }));
  t.equal(off.past, past);
  t.equal(off.kept.length, 1);
});

t.test('matching is wanted when it is on for anything', async (t) => {
  t.ok(wantsPast(config()));
  t.notOk(wantsPast(config({ matchPastDetections: false })));
  t.ok(wantsPast(config({ matchPastDetections: false, typeOverrides: { alpr: { matchPastDetections: true } } })));
});
