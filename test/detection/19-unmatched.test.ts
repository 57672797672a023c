import t from 'tap';

import { unmatchedSentence } from '../../src/detection/unmatched.js';

const labels = ['person', 'bicycle', 'car', 'dog'];

t.test('a pattern that no label matches is told with the labels that were meant', async (t) => {
  for (const pattern of ['person,car', '(Person|CAR)', '(person | car )', '^Person$|^Car$']) {
    t.match(
      unmatchedSentence(pattern, labels),
      /matches none of the 4 labels, so nothing is reported: write it as \(person\|car\)$/,
      pattern,
    );
  }
  t.match(unmatchedSentence('xyzzy', labels), /see the labels in its label file$/);
});

t.test('other patterns are not spoken of', async (t) => {
  for (const pattern of ['.*', '', 'car', '(?i)(Person|CAR)', '(', '(person|zebra)']) {
    t.equal(unmatchedSentence(pattern, labels), null, pattern);
  }
  t.equal(unmatchedSentence('car', []), null);
});
