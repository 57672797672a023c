import type { LookupAddress } from 'node:dns';
import t from 'tap';

import { FetchPolicy, type FetchPolicyOptions, TargetRefused } from '../../src/frames/policy.js';

function isOpen(url: string, options: FetchPolicyOptions = {}, isLocal = false): boolean {
  try {
    new FetchPolicy(options).check(new URL(url), isLocal);
    return true;
  } catch (error) {
    if (error instanceof TargetRefused) return false;
    throw error;
  }
}

/** What `net.connect` would be told for a host name whose addresses are `addresses`. */
function lookup(
  addresses: readonly string[],
  options: FetchPolicyOptions = {},
  host = 'cam.lan',
  isLocal = false,
): Promise<string[]> {
  const resolve = async (): Promise<LookupAddress[]> =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return new Promise((done, fail) => {
    new FetchPolicy(options, resolve).lookup(isLocal)(host, { all: true }, (error, found) => {
      if (error !== null) fail(error);
      else done(typeof found === 'string' ? [found] : found.map(({ address }) => address));
    });
  });
}

t.test('only http and https', (t) => {
  for (const url of ['http://cam/', 'https://cam/']) t.ok(isOpen(url), url);
  for (const url of ['file:///etc/passwd', 'ftp://cam/', 'data:,x', 'ws://cam/', 'rtsp://cam/'])
    t.notOk(isOpen(url), url);
  t.end();
});

t.test('private networks are open by default', (t) => {
  for (const host of ['10.1.2.3', '192.168.1.9', '172.16.0.1', '100.64.0.1', '[fd00::7]', '8.8.8.8', '[2a00::1]']) {
    t.ok(isOpen(`http://${host}/`), host);
  }
  t.end();
});

/** Loopback as URLs may write it. */
const loopback = [
  '127.0.0.1',
  '127.1.2.3',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.0.0.1.',
  '１２７.0.0.1',
  '①②⑦.0.0.1',
  '%31%32%37.0.0.1',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  '[fe81::5efe:7f00:1]',
];

t.test('loopback is for clients on this host, however it is written', (t) => {
  for (const host of loopback) t.notOk(isOpen(`http://${host}/`), host);
  for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433']) {
    t.ok(isOpen(`http://${host}/`, {}, true), host);
    t.notOk(isOpen(`http://${host}/`, { loopback: 'never' }, true), host);
    t.ok(isOpen(`http://${host}/`, { loopback: 'always' }), host);
  }
  t.end();
});

t.test('a name that resolves to loopback is no way around that', async (t) => {
  for (const address of ['127.0.0.1', '127.0.1.1', '::1', '::ffff:127.0.0.1']) {
    await t.rejects(lookup([address]), { name: 'TargetRefused', message: /loopback/ }, address);
    t.same(await lookup([address], {}, 'zm.lan', true), [address]);
  }
});

t.test('a list opens loopback to all by naming it, and closes it otherwise', async (t) => {
  t.ok(isOpen('http://127.0.0.1/', { allowedCidrs: ['127.0.0.1'] }));
  t.notOk(isOpen('http://127.0.0.2/', { allowedCidrs: ['127.0.0.1'] }));
  t.notOk(isOpen('http://127.0.0.1/', { allowedCidrs: ['10.0.0.0/8'] }, true), 'a list closes everything else');
  t.notOk(isOpen('http://127.0.0.1/', { allowedCidrs: ['0.0.0.0/0'] }), 'a list of all IPv4 names no loopback');
  t.same(await lookup(['127.0.0.1'], { allowedHosts: ['localhost'] }, 'localhost'), ['127.0.0.1']);
});

/** Cloud metadata services and link-local addresses, as URLs may write them. */
const refused = [
  ...['169.254.169.254', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.254.43518', '169.254.169.254.'],
  ...['１６９.254.169.254', '169。254。169。254', '169%2e254%2e169%2e254'],
  ...['[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[::169.254.169.254]', '[::ffff:0:169.254.169.254]'],
  ...['[64:ff9b::169.254.169.254]', '[64:ff9b:1::a9fe:a9fe]', '[64:ff9b:1:a9fe:a9:fe00::]', '[64:ff9b:1::8.8.8.8]'],
  ...['[2002:a9fe:a9fe::]', '[2002:a9fe:a9fe::1]', '[2001:0:a9fe:a9fe::]', '[2001::5601:5601]'],
  ...['[fe80::5efe:a9fe:a9fe]', '[2a00::5efe:169.254.169.254]', '[2a00::200:5efe:a9fe:a9fe]'],
  ...['[fd00:ec2::254]', '[fd20:ce::254]', '[fd00:42::42]', '192.0.0.192', '[::ffff:192.0.0.192]'],
  ...['100.100.100.200', '[64:ff9b::6464:64c8]', '168.63.129.16', '[2002:a83f:8110::]'],
  ...['[fe80::1]', '[fec0::1]', '[ff02::1]', '[::]', '[::0.0.0.0]', '[::ffff:0.0.0.0]', '0.0.0.0', '0', '0.1.2.3'],
  ...['224.0.0.251', '239.255.255.250', '240.0.0.1', '255.255.255.255', '[::ffff:224.0.0.1]', '[100::1]'],
];

t.test('metadata services and addresses that no camera has are refused by default, however they are written', (t) => {
  for (const isLocal of [false, true]) {
    for (const host of refused) t.notOk(isOpen(`http://${host}/`, { loopback: 'always' }, isLocal), host);
  }
  t.end();
});

t.test('an IPv6 address that stands for an open IPv4 one is open', (t) => {
  for (const host of ['[::ffff:10.0.0.5]', '[64:ff9b::192.168.1.9]', '[2002:a00:5::1]', '[2a00::5efe:10.0.0.5]']) {
    t.ok(isOpen(`http://${host}/`), host);
  }
  t.ok(isOpen('http://[::ffff:10.0.0.5]/', { allowedCidrs: ['10.0.0.0/8'] }));
  t.notOk(isOpen('http://[::ffff:10.0.0.5]/', { allowedCidrs: ['192.168.0.0/16'] }));
  t.end();
});

t.test('an address that a name resolves to is held to the same rules', async (t) => {
  t.same(await lookup(['10.0.0.5', 'fd00::5']), ['10.0.0.5', 'fd00::5']);
  t.same(await lookup(['fe80::5%eth0', '10.0.0.5']), ['10.0.0.5'], 'of several, the open ones are used');
  await t.rejects(lookup(['169.254.169.254']), { name: 'TargetRefused', message: /link-local/ });
  for (const address of ['::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '192.0.0.192', 'fe80::1%eth0', '0.0.0.0']) {
    await t.rejects(lookup([address]), { name: 'TargetRefused' }, address);
  }
  await t.rejects(lookup([]), { name: 'TargetRefused', message: /no address/ });
});

t.test('the lookup answers in the form asked for, and passes a failure on', async (t) => {
  const policy = new FetchPolicy({}, async (_, { family }) => [{ address: '10.0.0.5', family: Number(family) || 4 }]);
  const single = await new Promise((done) => policy.lookup(false)('cam', {}, (...answer) => done(answer)));
  t.same(single, [null, '10.0.0.5', 4]);
  const gone = new FetchPolicy({}, () => Promise.reject(Object.assign(new Error('gone'), { code: 'ENOTFOUND' })));
  const error = await new Promise((done) => gone.lookup(false)('cam', { all: true }, done));
  t.match(error, { code: 'ENOTFOUND' });
});

t.test('a list of networks closes everything else', async (t) => {
  const options = { allowedCidrs: ['192.168.1.0/24', 'fd00::/8', '10.0.0.7'] };
  for (const host of ['192.168.1.200', '[fd12::1]', '10.0.0.7']) t.ok(isOpen(`http://${host}/`, options), host);
  for (const host of ['192.168.2.1', '127.0.0.1', '[::1]', '10.0.0.8'])
    t.notOk(isOpen(`http://${host}/`, options), host);
  t.same(await lookup(['192.168.1.5', '10.9.9.9'], options), ['192.168.1.5']);
  await t.rejects(lookup(['10.9.9.9'], options), { message: /not among the allowed/ });
});

t.test('a list of hosts closes everything else, before any lookup', async (t) => {
  const options = { allowedHosts: ['ZM.lan', '*.cams.example', '10.0.0.7'] };
  for (const host of ['zm.lan', 'zm.lan.', 'ZM.LAN', 'a.cams.example', 'a.b.cams.example']) {
    t.same(await lookup(['10.0.0.5'], options, host), ['10.0.0.5'], host);
  }
  for (const host of ['cams.example', 'evilcams.example', 'zm.lan.evil.example']) {
    await t.rejects(lookup(['10.0.0.5'], options, host), { name: 'TargetRefused' }, host);
    t.notOk(isOpen(`http://${host}/`, { allowedHosts: ['zm.lan', '*.cams.example'] }), host);
  }
  t.ok(isOpen('http://10.0.0.7/', options));
  t.notOk(isOpen('http://10.0.0.8/', options));
  await t.rejects(
    lookup(['169.254.169.254'], options, 'zm.lan'),
    { message: /link-local/ },
    'an allowed name opens no closed range',
  );
});

t.test('a refused range is opened only by naming it', (t) => {
  t.ok(isOpen('http://169.254.7.7/', { allowedCidrs: ['169.254.7.0/24'] }));
  t.notOk(isOpen('http://169.254.169.254/', { allowedCidrs: ['169.254.7.0/24'] }));
  t.notOk(isOpen('http://169.254.169.254/', { allowedCidrs: ['0.0.0.0/0'] }));
  t.notOk(isOpen('http://[fe80::1]/', { allowedCidrs: ['::/0'] }));
  t.end();
});

t.test('an entry that is no host and no network is an error that names it', (t) => {
  for (const cidr of [
    '10.0.0.0/33',
    '10.0.0/8',
    'cam.lan',
    '10.0.0.0/',
    '::/129',
    '10.0.0.0/8/8',
    '',
    'fe80::1%eth0',
  ]) {
    t.throws(
      () => new FetchPolicy({ allowedCidrs: [cidr] }),
      { code: 'OPTION_INVALID', params: { value: cidr } },
      cidr,
    );
  }
  for (const host of ['http://cam', 'cam:80', '*', 'a.*.b', '']) {
    t.throws(
      () => new FetchPolicy({ allowedHosts: [host] }),
      { code: 'OPTION_INVALID', params: { value: host } },
      host,
    );
  }
  t.end();
});
