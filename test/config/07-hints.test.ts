import t from 'tap';
import { checkServerConfig } from '../../src/config/server-config.js';

const warnings = (raw: unknown) => checkServerConfig(raw).warnings;

t.test('unknown keys are ignored, and only those that look like a known one are mentioned', async (t) => {
  t.strictSame(warnings({ comment: 'x', 'x-notes': 1, version: 2 }), []);
  t.strictSame(warnings({ prot: 1 }), ['unknown key prot is ignored: did you mean port?']);
  t.equal(checkServerConfig({ prot: 1 }).config.port, 5000);
});

t.test('misspelt keys get the nearest right one', async (t) => {
  for (const [key, meant] of [
    ['basepath', 'base_path'],
    ['base-path', 'base_path'],
    ['basePath', 'base_path'],
    ['Host', 'host'],
    ['model', 'models'],
    ['auth_user_name', 'auth_username'],
    ['tokensecret', 'token_secret'],
    ['detector_confg', 'detector_config'],
    ['max_upload_byte', 'max_upload_bytes'],
  ] as const) {
    t.strictSame(warnings({ [key]: 'x' }), [`unknown key ${key} is ignored: did you mean ${meant}?`]);
  }
});

t.test('names of flags are led to the keys they stand for', async (t) => {
  for (const [key, meant] of [
    ['auth', 'auth_enabled'],
    ['auth_user', 'auth_username'],
    ['no_cpu_fallback', 'allow_cpu_fallback'],
    ['debug', 'log_level'],
  ] as const) {
    t.strictSame(warnings({ [key]: true }), [`unknown key ${key} is ignored: did you mean ${meant}?`]);
  }
});

t.test('nested keys are looked at, with their place', async (t) => {
  t.strictSame(
    warnings({
      detector_config: {
        match_stratgy: 'most',
        models: [{ name: 'a' }, { object_weights: '/a', min_confidance: 0.5, note: 'x' }],
        type_overrides: { face: { alias: [] } },
      },
    }),
    [
      'unknown key detector_config.match_stratgy is ignored: did you mean detector_config.match_strategy?',
      'unknown key detector_config.models[1].object_weights is ignored: did you mean detector_config.models[1].weights?',
      'unknown key detector_config.models[1].min_confidance is ignored: did you mean detector_config.models[1].min_confidence?',
      'unknown key detector_config.type_overrides.face.alias is ignored: did you mean detector_config.type_overrides.face.aliases?',
    ],
  );
});

t.test('the free keys of options are not looked at', async (t) => {
  t.strictSame(warnings({ detector_config: { models: [{ options: { nme: 1 } }] } }), []);
});

t.test('login without a password, or with the default secret, is worth a warning', async (t) => {
  t.strictSame(warnings({ auth_enabled: true }), [
    'auth_password is empty: anybody who knows the user name can log in',
    'token_secret is left at "change-me": anybody can sign a token',
  ]);
  t.strictSame(warnings({ auth_enabled: true, auth_password: 'p', token_secret: '' }), [
    'token_secret is empty: anybody can sign a token',
  ]);
  t.strictSame(warnings({ auth_enabled: true, auth_password: 'p', token_secret: 's' }), []);
  t.strictSame(warnings({ auth_enabled: false }), []);
});

t.test('tokens that are born expired are worth a warning', async (t) => {
  const auth = { auth_enabled: true, auth_password: 'p', token_secret: 's' };
  t.strictSame(warnings({ ...auth, token_expiry_seconds: 0 }), [
    'token_expiry_seconds is 0: every token is born expired',
  ]);
  t.strictSame(warnings({ token_expiry_seconds: 0 }), []);
});

t.test('a threshold outside of 0 to 1 is worth a warning', async (t) => {
  t.strictSame(
    warnings({
      detector_config: {
        models: [{ min_confidence: 0.3 }, { min_confidence: 30 }],
      },
    }),
    ['detector_config.models[1].min_confidence is 30: confidences lie from 0 to 1'],
  );
});
