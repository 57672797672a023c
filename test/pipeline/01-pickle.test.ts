import t from 'tap';

import { PickleFault, readPickles, writePickle } from '../../src/pipeline/pickle.js';

// Written by CPython 3.11, protocol by protocol: pickle.dumps(boxes, p) + pickle.dumps(labels, p) with
// boxes = [[0,0,100,100],(300,-5,70000,3000000000),[1.5,2,3,4]]; labels = ['car','hund é','car']
const values = [
  [
    [0, 0, 100, 100],
    [300, -5, 70000, 3000000000],
    [1.5, 2, 3, 4],
  ],
  ['car', 'hund é', 'car'],
];
const body2 =
  '5d7100285d7101284b004b004b644b6465284d2c014afbffffff4a701101008a05005ed0b2007471025d710328473ff8000000000000' +
  '4b024b034b0465652e';
const labels2 = '5d71002858030000006361727101580700000068756e6420c3a971026801652e';
const body4 =
  '953b000000000000005d94285d94284b004b004b644b6465284d2c014afbffffff4a701101008a05005ed0b20074945d9428473ff8000000' +
  '0000004b024b034b0465652e';
const labels4 = '9517000000000000005d94288c03636172948c0768756e6420c3a9946801652e';
const written: Readonly<Record<string, string>> = {
  2: `8002${body2}8002${labels2}`,
  3: `8003${body2}8003${labels2}`,
  4: `8004${body4}8004${labels4}`,
  5: `8005${body4}8005${labels4}`,
};
const read = (hex: string) => readPickles(Buffer.from(hex, 'hex'));

for (const [protocol, hex] of Object.entries(written)) {
  t.test(`what Python writes in protocol ${protocol} is read`, async (t) => {
    t.strictSame(read(hex), values);
  });

  t.test(`a pickle of protocol ${protocol} that is cut anywhere is refused or is a whole one less`, async (t) => {
    for (let length = 1; length < hex.length / 2; length++) {
      const cut = () => readPickles(Buffer.from(hex, 'hex').subarray(0, length));
      const whole = hex.lastIndexOf(`800${protocol}`) / 2;
      if (length === whole) t.strictSame(cut(), values.slice(0, 1));
      else t.throws(cut, PickleFault);
    }
  });
}

t.test('what is written is read again, and is protocol 2', async (t) => {
  const value = [[-1, 0, 2147483647, -2147483648], [2147483648, 0.25], ['', 'Käse 🧀'], []];
  const bytes = writePickle(value);
  t.strictSame(readPickles(bytes), [value]);
  t.equal(bytes.subarray(0, 2).toString('hex'), '8002');
});

t.test('one, two and three values in a tuple, none and truth values are read', async (t) => {
  // pickle.dumps([(1,), (1, 2), (1, 2, 3), (), None, True, False], 2)
  const hex = '80025d7100284b018571014b014b028671024b014b024b03877103294e8889652e';
  t.strictSame(read(hex), [[[1], [1, 2], [1, 2, 3], [], null, true, false]]);
});

t.test('a pickle that would call something is refused', async (t) => {
  // pickle.dumps of an object whose __reduce__ gives (os.system, ('true',)), and the same by hand in protocol 0
  const call = '8004951f000000000000008c05706f736978948c0673797374656d9493948c047472756594859452942e';
  t.throws(() => read(call), {
    name: 'PickleFault',
    message: 'expected only lists, numbers and texts, got opcode 0x93',
  });
  t.throws(() => readPickles(Buffer.from("cos\nsystem\n(S'true'\ntR.")), { message: /opcode 0x63/ });
});

t.test('instructions that find nothing to work on are refused', async (t) => {
  for (const hex of [
    '2e',
    '282e',
    '652e',
    '4b01652e',
    '4b014b01612e',
    '742e',
    '85',
    '68002e',
    '942e',
    '8001',
    '8006',
  ]) {
    t.throws(() => read(hex), PickleFault, hex);
  }
});

/** A small generator of numbers, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >>> 8;
  };
}

t.test('whatever the bytes are, reading ends after the instructions that are allowed', async (t) => {
  const opcodes = Buffer.from('802895004e88894b4d8a8c585d29616574858687947168726a2e', 'hex');
  const next = numbers(7);
  for (let round = 0; round < 3000; round++) {
    const length = 2 + (next() % 200);
    const bytes = Buffer.from(
      Array.from({ length }, () => (next() % 4 === 0 ? next() : (opcodes[next() % 26] ?? 0)) & 255),
    );
    try {
      for (const value of readPickles(bytes, { pickles: 5, instructions: 100 })) t.not(typeof value, 'undefined');
    } catch (error) {
      if (!(error instanceof PickleFault)) throw error;
    }
  }
});

t.test('a pickle may have only so many instructions, and a file so many pickles', async (t) => {
  const marks = Buffer.concat([Buffer.alloc(300_000, '('), Buffer.from('.')]);
  t.throws(() => readPickles(marks), { name: 'PickleFault', message: 'too many instructions' });
  t.throws(() => readPickles(Buffer.alloc(300_000, 'N.')), { message: 'more than 2 pickles in a row' });
  const nested = Buffer.concat([Buffer.alloc(90_000, '('), Buffer.alloc(90_000, 't'), Buffer.from('.')]);
  t.equal(readPickles(nested).length, 1, 'nesting takes no stack');
});

t.test('a mark is never taken for a value', async (t) => {
  for (const hex of ['5d284b01612e', '4e28942e', '4b01282e', '5d2865']) {
    t.throws(() => read(hex), PickleFault, hex);
  }
});
