import t from 'tap';
import { areaInPixels, limitSize, parseArea } from '../../src/detection/size.js';
import { at } from '../support/detections.js';

const size = { width: 100, height: 50 };

t.test('an area is a number, a number of pixels or a part of the whole', async (t) => {
  t.strictSame(parseArea('300'), { amount: 300, unit: 'px' });
  t.strictSame(parseArea('300px'), { amount: 300, unit: 'px' });
  t.strictSame(parseArea('300PX'), { amount: 300, unit: 'px' });
  t.strictSame(parseArea('12.5%'), { amount: 12.5, unit: '%' });
  t.strictSame(parseArea('.5%'), { amount: 0.5, unit: '%' });
  t.equal(areaInPixels({ amount: 50, unit: '%' }, 5000), 2500);
  t.equal(areaInPixels({ amount: 50, unit: 'px' }, 5000), 50);
});

t.test('anything else is no area', async (t) => {
  for (const text of ['50 %', '5.%', '-5', 'abc', '', '%', '5e3', '5%%', ' 5', '5em'])
    t.equal(parseArea(text), null, text);
});

const small = at([0, 0, 20, 50]);
const large = at([0, 0, 21, 50]);

t.test('a box larger than the limit is dropped, one of exactly the limit is kept', async (t) => {
  for (const limit of ['1000', '1000px', '20%']) {
    t.strictSame(limitSize([large, small], limit, size), { kept: [small], warning: null }, limit);
  }
});

t.test('no limit and a limit of 0 drop nothing', async (t) => {
  for (const limit of [null, undefined, '', '0', '0%', '0px']) {
    t.strictSame(limitSize([large, small], limit, size), { kept: [large, small], warning: null });
  }
});

t.test('a limit that cannot be read drops nothing and says so', async (t) => {
  t.strictSame(limitSize([large], '50 %', size), {
    kept: [large],
    warning: 'expected <number>, <number>px or <number>% for max_detection_size, got "50 %"',
  });
});
