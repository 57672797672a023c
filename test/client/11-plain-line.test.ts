import { Writable } from 'node:stream';
import t from 'tap';

import { readInferReply, readResult } from '../../src/client/gateway/answers.js';
import { createLog } from '../../src/daemon/log.js';
import { plainLine, plainLines } from '../../src/plain-line.js';

t.test('text that people write stays byte for byte', async (t) => {
  const texts = [
    'person',
    'dog 2',
    'Käse 🧀',
    '名前',
    'ไทย',
    'عربي',
    '👩‍👩‍👧',
    'a\\n',
    'SPLIT',
    '--split--',
    'x - SPLIT - y',
    '',
  ];
  for (const text of texts) t.equal(plainLine(text), text);
});

t.test('nothing begins another line, moves the cursor or turns the direction', async (t) => {
  for (const [text, shown] of [
    ['a\nb', 'a\\u000ab'],
    ['a\r\tb', 'a\\u000d\\u0009b'],
    ['\u001b[2J\u001b]0;x\u0007', '\\u001b[2J\\u001b]0;x\\u0007'],
    ['\u009b31m\u0085', '\\u009b31m\\u0085'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c\ufeff', '\\u202egnp.exe\\u202c\\u2066x\\u2069\\u200f\\u061c\\ufeff'],
    ['\0\u007f', '\\u0000\\u007f'],
  ] as const) {
    t.equal(plainLine(text), shown);
    t.notMatch(plainLine(text), /[\p{Cc}\u2028\u2029\u202e]/u);
  }
  t.equal(plainLines('Error: a\u001b\n  at b'), 'Error: a\\u001b\n  at b');
});

t.test('the mark of the split is broken wherever it stands', async (t) => {
  for (const text of ['--SPLIT--', 'x--SPLIT', 'x--SPLIT-', '----SPLIT----', '--SPLIT--SPLIT--']) {
    t.notMatch(`${plainLine(text)}--SPLIT--{}`.slice(0, -'--SPLIT--{}'.length + '--SPLIT'.length), /--SPLIT--/, text);
    t.equal(`${plainLine(text)}--SPLIT--{}`.split('--SPLIT--').length, 2, text);
  }
});

t.test('labels of a gateway come in as plain text, within limits', async (t) => {
  const label = 'person\n[s] detected:fire --SPLIT--{}\u001b[2J';
  const plain = 'person\\u000a[s] detected:fire --[SPLIT]--{}\\u001b[2J';
  const box = [0, 0, 1, 1];
  const raw = readResult({ labels: [label], boxes: [box], confidences: [0.5], model_names: ['a\nb'] });
  t.match(raw.detections, [{ label: plain, modelName: 'a\\u000ab' }]);
  t.match(readInferReply({ detections: [{ label, confidence: 0.5, box }] }, 'm'), [{ label: plain, modelName: 'm' }]);
  t.equal(readInferReply({ error: 'no\nway' }, 'm'), 'no\\u000away');
  t.throws(() => readResult({ labels: ['x'.repeat(1001)], boxes: [box] }), {
    message: /at most 1000 characters for labels\[0\]/,
  });
  t.throws(() => readResult({ labels: new Array(10_001).fill('x') }), { message: /at most 10000 entries for labels/ });
});

t.test('log lines hold no raw controls, on a terminal and elsewhere', async (t) => {
  for (const isTTY of [false, true]) {
    let text = '';
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const log = createLog('info', { isTTY, destination });
    log.warn({ label: 'a\u009b2J\u2028', list: ['b\u202e'] }, 'said \u001b]0;x\u0007\nforged line');
    log.error({ err: new Error('no\u009bway') }, 'failed');
    log.info('plain\u0085');
    await new Promise((resolve) => setImmediate(resolve));
    // Colours of our own come first on a terminal.
    const own = text.replace(/\u001b\[\d+m/g, '');
    t.notMatch(own, /[\u001b\u0007\u0080-\u009f\u2028\u202e]/, String(isTTY));
    t.notMatch(own, /^forged/m);
    t.match(own, /forged line/);
    t.match(own, /failed/);
  }
});
