import type { LookupAddress } from 'node:dns';
import t from 'tap';

import { FetchPolicy, type FetchPolicyOptions, TargetRefused } from '../../src/frames/policy.js';

function isOpen(url: string, options: FetchPolicyOptions = {}): boolean {
  try {
    new FetchPolicy(options).check(new URL(url));
    return true;
  } catch (error) {
    if (error instanceof TargetRefused) return false;
    throw error;
  }
}

/** What `net.connect` would be told for a host name whose addresses are `addresses`. */
function lookup(addresses: readonly string[], options: FetchPolicyOptions = {}, host = 'cam.lan'): Promise<string[]> {
  const resolve = async (): Promise<LookupAddress[]> =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return new Promise((done, fail) => {
    new FetchPolicy(options, resolve).lookup(host, { all: true }, (error, found) => {
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

t.test('private networks and the host itself are open by default', (t) => {
  for (const host of [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.1.9',
    '172.16.0.1',
    '100.64.0.1',
    '[::1]',
    '[fd00::7]',
    '8.8.8.8',
  ]) {
    t.ok(isOpen(`http://${host}/`), host);
  }
  t.end();
});

t.test('metadata services and addresses that no camera has are refused by default, however they are written', (t) => {
  const hosts = [
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '169.254.43518',
    '169.254.169.254.',
    '[::ffff:169.254.169.254]',
    '[64:ff9b::169.254.169.254]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[ff02::1]',
    '[::]',
    '0.0.0.0',
    '0',
    '224.0.0.251',
    '255.255.255.255',
    '100.100.100.200',
  ];
  for (const host of hosts) t.notOk(isOpen(`http://${host}/`), host);
  t.end();
});

t.test('an address that a name resolves to is held to the same rules', async (t) => {
  t.same(await lookup(['10.0.0.5', 'fd00::5']), ['10.0.0.5', 'fd00::5']);
  t.same(await lookup(['fe80::5%eth0', '10.0.0.5']), ['10.0.0.5'], 'of several, the open ones are used');
  await t.rejects(lookup(['169.254.169.254']), { name: 'TargetRefused', message: /link-local/ });
  await t.rejects(lookup(['::ffff:169.254.169.254']), { name: 'TargetRefused' });
  await t.rejects(lookup([]), { name: 'TargetRefused', message: /no address/ });
});

t.test('the lookup answers in the form asked for, and passes a failure on', async (t) => {
  const policy = new FetchPolicy({}, async (_, { family }) => [{ address: '10.0.0.5', family: Number(family) || 4 }]);
  const single = await new Promise((done) => policy.lookup('cam', {}, (...answer) => done(answer)));
  t.same(single, [null, '10.0.0.5', 4]);
  const gone = new FetchPolicy({}, () => Promise.reject(Object.assign(new Error('gone'), { code: 'ENOTFOUND' })));
  const error = await new Promise((done) => gone.lookup('cam', { all: true }, done));
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
