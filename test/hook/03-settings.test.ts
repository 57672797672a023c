import t, { type Test } from 'tap';

import { override } from '../../src/hook/overrides.js';
import { type HookSettings, settingsOf } from '../../src/hook/settings.js';
import { readSource } from '../../src/hook/source.js';
import { changed, good, write } from './objectconfig.js';

async function settings(t: Test, config: string, monitor?: string, overrides: string[] = []): Promise<HookSettings> {
  const source = await readSource(write(t, { config }));
  t.strictSame(source.problems, []);
  return settingsOf(source.tree, monitor, (view) => {
    for (const text of overrides) override(view, text);
  });
}

t.test('secrets and the base path are filled in', async (t) => {
  const { zoneMinder, mlSequence, imagePath } = await settings(t, good);
  t.match(zoneMinder, {
    apiUrl: 'https://zm.example/zm/api',
    portalUrl: 'https://zm.example/zm',
    user: 'admin',
    password: 'geh#eim',
    verifySsl: false,
  });
  t.match(mlSequence, { object: { sequence: [{ object_weights: `${t.testdirName}/yolo.onnx` }] } });
  t.equal(imagePath, `${t.testdirName}/images`);
});

t.test('tokens are found whatever the case of their letters', async (t) => {
  t.equal((await settings(t, changed('!ZM_USER', '!zm_user'))).zoneMinder.user, 'admin');
});

t.test('what the file does not say has a default', async (t) => {
  const config = 'general:\n  api_portal: http://zm/zm/api\nml:\n  ml_sequence: {}\n  stream_sequence: {}\n';
  t.match(await settings(t, config), {
    gateway: null,
    zoneMinder: { user: undefined, portalUrl: undefined, basicAuth: undefined, verifySsl: false },
    stream: {},
    resize: null,
    wait: 0,
    zones: [],
    importZones: false,
    onlyTriggeredZones: false,
    showPercent: false,
    showFrameType: true,
    writeImage: true,
    writeDebugImage: false,
    imagePath: '/var/lib/zmeventnotification/images',
  });
});

t.test('the certificate of an https ZoneMinder is checked where allow_self_signed is no', async (t) => {
  t.equal(
    (await settings(t, changed('allow_self_signed: "yes"', 'allow_self_signed: "no"'))).zoneMinder.verifySsl,
    true,
  );
});

t.test("a monitor's own section wins, mapping by mapping, and lists are replaced", async (t) => {
  const config = good.replace(
    '    zones:',
    `    wait: 5
    ml_gateway: http://other:5000
    stream_sequence:
      frame_set: "1,2"
    ml_sequence:
      general:
        match_past_detections: "yes"
      object:
        general:
          pattern: "(dog)"
    zones:`,
  );
  const [other, own] = [await settings(t, config, '2'), await settings(t, config, '1')];
  t.match(other, { wait: 0, gateway: null, zones: [], stream: { frameSet: ['snapshot', 'alarm'], maxAttempts: 3 } });
  t.match(own, {
    wait: 5,
    gateway: { url: 'http://other:5000', mode: 'url', timeout: 60, fallbackLocal: false },
    stream: { frameSet: ['1', '2'], maxAttempts: 3, sleepBetweenAttempts: 4 },
    mlSequence: {
      general: { match_past_detections: 'yes', frame_strategy: 'most_models' },
      object: { general: { pattern: '(dog)' }, sequence: [{ name: 'YOLO' }] },
    },
    zones: [{ name: 'drive', pattern: '(person|car)', ignorePattern: null }],
  });
  t.strictSame(own.zones[0]?.points, [
    [306, 356],
    [1003, 341],
    [1074, 683],
    [154, 715],
  ]);
});

t.test('the gateway may stand where pyzm looks for it', async (t) => {
  const config = changed('model_sequence: "object"', 'ml_gateway: http://gpu:5000\n      ml_gateway_mode: image');
  t.match((await settings(t, config)).gateway, { url: 'http://gpu:5000', mode: 'image' });
});

t.test('resize takes a width or no', async (t) => {
  for (const [text, value] of [
    ['"no" # as it is', null],
    ['no', null],
    ['800', 800],
    ['"640"', 640],
  ] as const) {
    t.equal((await settings(t, changed('resize: "no"', `resize: ${text}`))).resize, value, text);
  }
});

t.test('--override changes one value', async (t) => {
  const changes = [
    'show_percent=no',
    'ml_sequence.object.sequence[0].enabled=no',
    'ml_sequence.object.sequence[yolo].name=x',
  ];
  const { showPercent, mlSequence } = await settings(t, good, undefined, changes);
  t.equal(showPercent, false);
  t.match(mlSequence, { object: { sequence: [{ enabled: 'no', name: 'x' }] } });
  t.equal((await settings(t, good, undefined, ['import_zm_zones=yes'])).importZones, true, 'a key that the file lacks');
  await t.rejects(settings(t, good, undefined, ['wait=soon']), {
    message: /expected a whole number .* for --override wait, got soon/,
  });
});
