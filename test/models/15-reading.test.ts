/** The settings that say how a model is fed and read: the same words wherever a model can be configured. */
import { readFileSync } from 'node:fs';
import t from 'tap';

import { readMlSequence } from '../../src/client/ml-sequence.js';
import { layouts } from '../../src/detection/reading.js';
import { problems } from '../support/config-problems.js';
import { changed, problemsOf, write } from '../hook/objectconfig.js';

const words = { layout: 'yolov5', boxes: 'normalised', colour: 'bgr', scale: 'imagenet', fit: 'stretch' };
const wrong = { layout: 'yolov-5', boxes: 'normalized', colour: 'brg', scale: 'imagnet', fit: 'top-left' };
const hints = { layout: 'yolov5', boxes: 'normalised', colour: 'bgr', scale: 'imagenet', fit: 'top_left' };

t.test('the daemon refuses other words, with a hint', async (t) => {
  const entry = (settings: object) => ({ detector_config: { models: [{ name: 'a', ...settings }] } });
  t.strictSame(problems(entry(words)), []);
  t.strictSame(problems(entry({ layout: null, boxes: null, colour: null, scale: null, fit: null })), []);
  for (const key of Object.keys(words) as (keyof typeof words)[]) {
    const [problem, ...others] = problems(entry({ [key]: wrong[key] }));
    t.match(problem, new RegExp(`${key}, got "${wrong[key]}".*did you mean "${hints[key]}"\\?`));
    t.strictSame(others, []);
  }
  t.match(problems(entry({ scale: 255 })), [
    /expected "0\.\.1", "0\.\.255", "-1\.\.1" or "imagenet" for .*scale, got 255/,
  ]);
});

t.test('an entry of ml_sequence has the same words', async (t) => {
  const sequence = (settings: object) => ({ object: { sequence: [{ name: 'a', ...settings }] } });
  const { options, warnings } = readMlSequence(sequence(words));
  t.match(options.models, [{ ...words, options: {} }]);
  t.strictSame(warnings, []);
  for (const key of Object.keys(words) as (keyof typeof words)[]) {
    t.throws(
      () => readMlSequence(sequence({ [key]: wrong[key] })),
      { message: new RegExp(`did you mean "${hints[key]}"`) },
      key,
    );
  }
  t.match(readMlSequence(sequence({ color: 'bgr' })).warnings, [/color is ignored: did you mean .*colour\?/]);
});

t.test('the hook checks them as well', async (t) => {
  const settings = (list: Record<string, string>) =>
    Object.entries(list)
      .map(([key, word]) => `          ${key}: "${word}"\n`)
      .join('');
  const with_ = (list: Record<string, string>) =>
    problemsOf(
      write(t, {
        config: changed(
          '          object_framework: opencv\n',
          `          object_framework: opencv\n${settings(list)}`,
        ),
      }),
    );
  t.strictSame(await with_(words), []);
  const found = await with_(wrong);
  for (const hint of Object.values(hints)) {
    t.ok(
      found.some(({ sentence }) => sentence.includes(`did you mean "${hint}"?`)),
      hint,
    );
  }
});

t.test('the words for layouts are those of the engine', async (t) => {
  const source = readFileSync('native/postprocess/layout.cc', 'utf8');
  const [, list = ''] = /layout_names\(\) \{[^{]*\{([^}]*)\}/.exec(source) ?? [];
  t.strictSame(
    [...layouts],
    [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name),
  );
});
