import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { changed, type Files, good, problemsOf, secrets, write } from './objectconfig.js';

t.test('a good file has nothing to mend', async (t) => {
  t.strictSame(await problemsOf(write(t)), []);
});

interface Bad {
  readonly what: string;
  readonly files: Files;
  /** Line in objectconfig.yml, or in the file that the sentence names. */
  readonly line: number;
  readonly file?: string;
  readonly severity?: 'error' | 'warning';
  readonly says: RegExp;
}

const oneProblem: readonly Bad[] = [
  {
    what: 'a tab that indents',
    files: { config: changed('  user:', '\tuser:') },
    line: 4,
    says: /a tab indents this line; YAML wants blanks/,
  },
  {
    what: 'a secret without quotes',
    files: { config: changed('"!ZM_USER"', '!ZM_USER') },
    line: 4,
    says: /a value that begins with ! is a YAML tag.*put such text in quotes/,
  },
  {
    what: 'a number where the corners of a zone belong',
    files: { config: changed(/"306,356 [^"]*"/, '12') },
    line: 40,
    says: /expected the corners of a polygon such as "306,356 1003,341 1074,683" for monitors\.1\.zones\.drive\.coords, got 12/,
  },
  {
    what: 'corners without a value',
    files: { config: changed(/coords: "306,356 [^"]*"/, 'coords:') },
    line: 39,
    severity: 'warning',
    says: /zone drive has no coords/,
  },
  {
    what: 'the name of a monitor',
    files: { config: changed('  1:\n    zones', '  Front Door:\n    zones') },
    line: 37,
    says: /expected the number of a monitor below monitors, got "Front Door"/,
  },
  {
    what: 'an open quote',
    files: { config: changed('object_framework: opencv', 'object_framework: "opencv') },
    line: 35,
    says: /.+/,
  },
  {
    what: 'text with ": " in it and no quotes',
    files: { config: changed('"(person|car)"\n      sequence', 'person: car\n      sequence') },
    line: 29,
    says: /put text that holds ": " in quotes/,
  },
  {
    what: 'braces without quotes',
    files: { config: changed('"${base_data_path}/yolo.onnx"', '{{base_data_path}}/yolo.onnx') },
    line: 33,
    says: /put text with quotes, \{ or \[ into quotes/,
  },
  {
    what: 'an indentation that does not fit',
    files: { config: changed('    resize', '   resize') },
    line: 19,
    says: /the indentation of this line does not fit/,
  },
  {
    what: 'a comment glued to a quoted value',
    files: { config: changed('show_percent: "yes"', 'show_percent: "yes"#always') },
    line: 10,
    says: /the blank before a # is missing/,
  },
  {
    what: 'a comment glued to a plain value',
    files: { config: changed('wait: 0', 'wait: 5#seconds') },
    line: 11,
    says: /expected a whole number of at least 0 for general\.wait, got "5#seconds": the comment has become part/,
  },
  {
    what: 'a comment inside the quotes',
    files: {
      config: changed(
        'object_framework: opencv',
        'object_framework: opencv\n          object_processor: "cpu # or gpu"',
      ),
    },
    line: 36,
    severity: 'warning',
    says: /expected "cpu", "gpu" or "tpu" for .*object_processor, got "cpu # or gpu": the comment has become part/,
  },
  {
    what: 'a password that a # cuts off',
    files: { config: changed('"!ZM_PASSWORD"', 'geheim #1') },
    line: 5,
    severity: 'warning',
    says: /general\.password ends before the #.*put the value in quotes/,
  },
  {
    what: 'a word where yes or no belongs',
    files: { config: changed('write_image_to_zm: "yes"', 'write_image_to_zm: "yse"') },
    line: 9,
    severity: 'warning',
    says: /expected "yes" or "no" for general\.write_image_to_zm, got "yse": "no" counts/,
  },
  {
    what: 'a boolean where text belongs',
    files: { config: changed('name: YOLO', 'name: no') },
    line: 31,
    says: /expected text for ml\.ml_sequence\.object\.sequence\[0\]\.name, got false: yes, no, on and off without quotes are booleans/,
  },
  {
    what: 'a password of digits that YAML reads as another number',
    files: { config: changed('"!ZM_PASSWORD"', '0123') },
    line: 5,
    severity: 'warning',
    says: /expected text for general\.password, got a number \(not shown\): put it in quotes; the number that YAML reads counts/,
  },
  {
    what: 'resize: yes',
    files: { config: changed('resize: "no"', 'resize: yes') },
    line: 19,
    severity: 'warning',
    says: /expected a width in pixels or "no" for ml\.stream_sequence\.resize, got true: frames keep their size/,
  },
  {
    what: 'a secret that the file does not hold',
    files: { config: changed('!ZM_USER', '!ZM_USR') },
    line: 4,
    says: /general\.user names the secret !ZM_USR, which .*secrets\.yml does not hold: did you mean !ZM_USER\?/,
  },
  {
    what: 'a secret like no other',
    files: { config: changed('!ZM_USER', '!CAMERA') },
    line: 4,
    says: /does not hold: add it to .*secrets\.yml/,
  },
  {
    what: 'secrets without a secrets file',
    files: {
      config: changed('  secrets: secrets.yml\n', '').replace(
        /"!ZM_(?:PORTAL|PASSWORD|API_PORTAL)"/g,
        '"https://x/zm"',
      ),
    },
    line: 3,
    says: /general\.user names the secret !ZM_USER, but there is no secrets file: name it under general\.secrets/,
  },
  {
    what: 'a secrets file that is not there',
    files: { config: changed('secrets: secrets.yml', 'secrets: /etc/zm/none.yml') },
    line: 2,
    says: /cannot read \/etc\/zm\/none\.yml: there is no such file: correct general\.secrets/,
  },
  {
    what: 'a secrets file without its key',
    files: { secrets: secrets.replace('secrets:\n', '').replaceAll('  ', '') },
    line: 1,
    file: 'secrets.yml',
    says: /expected the tokens under a key secrets, got none: write "secrets:" above them/,
  },
  {
    what: 'a secrets file that is no YAML',
    files: { secrets: secrets.replace('"geh#eim"', '@geheim') },
    line: 5,
    file: 'secrets.yml',
    says: /a value cannot begin with this character; put it in quotes/,
  },
  {
    what: 'a zone with two points',
    files: { config: changed('306,356 1003,341 1074,683 154,715', '306,356 1003,341') },
    line: 40,
    says: /expected at least 3 points for monitors\.1\.zones\.drive\.coords, got 2 points: a polygon needs at least 3/,
  },
  {
    what: 'blanks inside a pair of coordinates',
    files: { config: changed('306,356 1003,341', '306, 356 1003,341') },
    line: 40,
    says: /got "306," among them: write x,y without blanks inside a pair/,
  },
  {
    what: 'a zone without corners that nothing fills in',
    files: { config: changed(/ {8}coords.*\n/, '') },
    line: 39,
    severity: 'warning',
    says: /zone drive has no coords and import_zm_zones is no, so it does nothing/,
  },
  {
    what: 'a zone where older files had it',
    files: { config: changed('    zones:\n', '    yard: "0,0 200,300 700,900"\n    zones:\n') },
    line: 38,
    severity: 'warning',
    says: /monitors\.1\.yard has no effect here: a zone is written as zones: yard: coords/,
  },
  {
    what: 'a monitor by its name',
    files: { config: changed('\n  1:\n', '\n  Driveway:\n') },
    line: 37,
    says: /expected the number of a monitor below monitors, got "Driveway"/,
  },
  {
    what: 'an unknown framework',
    files: { config: changed('opencv', 'opencvv') },
    line: 35,
    says: /expected "opencv".* for ml\.ml_sequence\.object\.sequence\[0\]\.object_framework, got "opencvv": did you mean "opencv"\?/,
  },
  {
    what: 'a model path that does not exist',
    files: { config: changed('yolo.onnx', 'yolo11n.onnx') },
    line: 33,
    says: /object_weights names .*\/yolo11n\.onnx, but there is no such file: .* has others/,
  },
  {
    what: 'a model directory that does not exist',
    files: { config: changed('/yolo.onnx', '/models/yolo.onnx') },
    line: 33,
    says: /but there is no directory .*\/models/,
  },
  {
    what: 'a model whose download failed',
    files: { config: changed('yolo.onnx', 'empty.onnx') },
    line: 33,
    says: /that file is empty: a download has failed/,
  },
  {
    what: 'a model without a file',
    files: { config: changed(/ {10}object_weights.*\n/, '') },
    line: 31,
    says: /YOLO.*; or name its file in object_weights/,
  },
  {
    what: 'a template that nothing fills in',
    files: {
      config: changed('${base_data_path}/yolo.onnx', '{{yolo_weights}}').replace('enabled: "yes"', 'enabled: "yes"'),
    },
    line: 33,
    says: /object_weights holds \{\{yolo_weights\}\}, which nothing fills in: write the path itself/,
  },
  {
    what: 'no enabled model',
    files: { config: changed('enabled: "yes"', 'enabled: "no"') },
    line: 20,
    severity: 'warning',
    says: /no entry of ml\.ml_sequence is enabled \(object\), so nothing is looked for/,
  },
  {
    what: 'a misspelt key',
    files: { config: changed('write_image_to_zm', 'wirte_image_to_zm') },
    line: 9,
    severity: 'warning',
    says: /unknown key general\.wirte_image_to_zm: did you mean general\.write_image_to_zm\?/,
  },
  {
    what: 'a misspelt key of a model',
    files: { config: changed('object_min_confidence', 'object_min_confidance') },
    line: 34,
    severity: 'warning',
    says: /did you mean ml\.ml_sequence\.object\.sequence\[0\]\.object_min_confidence\?/,
  },
  {
    what: 'a misspelt section',
    files: { config: changed('\nremote:', '\nremotes:') },
    line: 12,
    severity: 'warning',
    says: /unknown key remotes: did you mean remote\?/,
  },
  {
    what: 'a key in the wrong section',
    files: { config: changed('  wait: 0', '  ml_gateway: http://gpu:5000') },
    line: 11,
    severity: 'warning',
    says: /general\.ml_gateway has no effect here: move it to remote/,
  },
  {
    what: 'the frame strategy where older files had it',
    files: { config: changed('resize: "no"', 'frame_strategy: first') },
    line: 19,
    severity: 'warning',
    says: /has no effect here: move it to ml\.ml_sequence\.general/,
  },
  {
    what: 'a frame that is none',
    files: { config: changed('snapshot,alarm', 'snapshot,alrm') },
    line: 16,
    severity: 'warning',
    says: /did you mean "alarm" instead of "alrm"\?; snapshot counts/,
  },
  {
    what: 'a type of model that is none',
    files: { config: changed('model_sequence: "object"', 'model_sequence: "object,plates"') },
    line: 22,
    severity: 'warning',
    says: /expected words with commas between them, each one of object, face, alpr, audio.*got "object,plates": object counts/,
  },
  {
    what: 'a confidence in per cent',
    files: { config: changed('object_min_confidence: 0.3', 'object_min_confidence: 30') },
    line: 34,
    severity: 'warning',
    says: /expected a number from 0 to 1 for .*object_min_confidence, got 30: write 0\.3 for 30 %; 1 counts/,
  },
  {
    what: 'a list that is text',
    files: { config: changed("aliases:\n        - ['car', 'bus']", 'aliases: car, bus') },
    line: 25,
    says: /expected a list for ml\.ml_sequence\.general\.aliases, got a text: write it as \[car, bus\]/,
  },
  {
    what: 'a sequence without dashes',
    files: { config: changed('        - name: YOLO', '          name: YOLO') },
    line: 30,
    says: /expected a list for ml\.ml_sequence\.object\.sequence, got a mapping: begin its entries with "- "/,
  },
  {
    what: 'an ml_sequence written as text, as older files had it',
    files: { config: good.replace(/ {2}ml_sequence:[^]*?(?=monitors:)/, '  ml_sequence: "{\'general\': {}}"\n') },
    line: 20,
    says: /expected keys and values for ml\.ml_sequence, got a text: write it as YAML/,
  },
  {
    what: 'a pattern that is none',
    files: { config: changed('detection_pattern: "(person|car)"', 'detection_pattern: "(person|car"') },
    line: 41,
    says: /monitors\.1\.zones\.drive\.detection_pattern is no regular expression/,
  },
  {
    what: 'a portal without http',
    files: { secrets: secrets.replace('https://zm.example/zm\n', 'zm.example/zm\n') },
    line: 3,
    says: /expected a URL that begins with http:\/\/ or https:\/\/ for general\.portal, got !ZM_PORTAL/,
  },
  {
    what: 'push notifications, which this hook does not send',
    files: { config: `${good}push:\n  enabled: "yes"\n` },
    line: 43,
    severity: 'warning',
    says: /push\.enabled is yes, but this hook sends no push/,
  },
];

for (const { what, files, line, file = 'objectconfig.yml', severity = 'error', says } of oneProblem) {
  t.test(`${what} gets a sentence with file, line and mend`, async (t) => {
    const config = write(t, files);
    const found = (await problemsOf(config)).filter((problem) => problem.severity !== 'note');
    const match = found.find(({ sentence }) => says.test(sentence));
    t.ok(match, found.map(({ sentence }) => sentence).join('\n'));
    const place = path.join(path.dirname(config), file);
    t.ok(match?.sentence.startsWith(`${place}:${line}:`), match?.sentence ?? '');
    t.equal(match?.severity, severity);
    t.equal(found.length, 1, found.map(({ sentence }) => sentence).join('\n'));
    t.notMatch(found, [{ sentence: /geh/ }], 'no secret is shown');
  });
}

t.test('a file that needs what is not in it says so', async (t) => {
  const sentences = (await problemsOf(write(t, { config: 'general:\n  portal: http://x/zm\n' }))).map(
    (p) => p.sentence,
  );
  t.match(sentences, [
    /ml\.ml_sequence is missing/,
    /ml\.stream_sequence is missing/,
    /general\.api_portal is missing/,
  ]);
});

t.test('all problems are said at once, in the order of their lines', async (t) => {
  const config = good
    .replace('"!ZM_USER"', '"!NOBODY"')
    .replace('show_percent: "yes"', 'show_percent: "perhaps"')
    .replace('frame_strategy: most_models', 'frame_strategy: best')
    .replace('opencv', 'tensorflow')
    .replace(' 1074,683 154,715', '');
  const problems = await problemsOf(write(t, { config }));
  t.strictSame(
    problems.map(({ sentence }) => Number(/yml:(\d+):/.exec(sentence)?.[1])),
    [4, 10, 23, 35, 40],
  );
});

t.test('every tab and every unquoted secret is said at once', async (t) => {
  const tabs = await problemsOf(write(t, { config: good.replace('  portal', '\tportal').replace('  user', '\tuser') }));
  t.match(tabs, [{ sentence: /:3:1: a tab/ }, { sentence: /:4:1: a tab/ }]);
  const tags = await problemsOf(write(t, { config: good.replaceAll(/"(!ZM_\w+)"/g, '$1') }));
  t.equal(tags.length, 4);
});

t.test('an objectconfig.ini of an older event server is told from YAML', async (t) => {
  const problems = await problemsOf(write(t, { config: '# hooks\n\n[general]\nsecrets = /etc/zm/secrets.ini\n' }));
  t.match(problems, [{ severity: 'error', sentence: /objectconfig\.yml:1:1: this is an INI file/ }]);
  t.equal(problems.length, 1);
});

t.test('a file without sections, an empty one and one that is not there are no objectconfig.yml', async (t) => {
  t.match(await problemsOf(write(t, { config: 'just text\n' })), [{ sentence: /yml:1:1: expected sections/ }]);
  t.match(await problemsOf(write(t, { config: '' })), [{ severity: 'error' }]);
  t.match(await problemsOf('/etc/zm/none.yml'), [
    { sentence: /cannot read \/etc\/zm\/none\.yml: there is no such file/ },
  ]);
});

t.test('words without quotes work, with a note for files that zm_detect.py reads too', async (t) => {
  const problems = await problemsOf(
    write(t, { config: changed('write_image_to_zm: "yes"', 'write_image_to_zm: yes') }),
  );
  t.match(problems, [{ severity: 'note', sentence: /:9:3: general\.write_image_to_zm is yes here, .*write "yes"/ }]);
  t.equal(problems.length, 1);
});

t.test('a comment behind a value is fine', async (t) => {
  const config = changed('show_percent: "yes"', 'show_percent: "yes" # always').replace('wait: 0', 'wait: 0 #seconds');
  t.strictSame(await problemsOf(write(t, { config })), []);
});

t.test('keys of zm_detect.py without effect here get a note, and the file stays good', async (t) => {
  const config = changed('  wait: 0', '  cpu_max_processes: 3\n  poly_thickness: 2\n  version: "2.0"');
  t.match(await problemsOf(write(t, { config })), [{ severity: 'note' }, { severity: 'note' }, { severity: 'note' }]);
});

t.test('models of a server need not be here, unless local ones stand in for it', async (t) => {
  const remote = (more: string) =>
    write(t, {
      config: changed('yolo.onnx', 'none.onnx').replace('ml_timeout: 60', `ml_gateway: http://gpu:5000\n  ${more}`),
    });
  t.strictSame(await problemsOf(remote('ml_timeout: 60')), []);
  t.match(await problemsOf(remote('ml_fallback_local: "yes"')), [{ severity: 'warning', sentence: /none\.onnx/ }]);
});

t.test(
  'a model that a person may not read is no model',
  { skip: process.getuid?.() === 0 && 'root may read all' },
  async (t) => {
    const config = write(t);
    chmodSync(path.join(path.dirname(config), 'yolo.onnx'), 0);
    t.match(await problemsOf(config), [{ sentence: /this user may not read it/ }]);
  },
);

t.test('the models of a monitor are looked at where that monitor names them', async (t) => {
  const config = good.replace(
    '    zones:',
    '    ml_sequence:\n      object:\n        sequence:\n          - name: own\n            object_weights: "${base_data_path}/own.onnx"\n    zones:',
  );
  const problems = await problemsOf(write(t, { config }));
  t.match(problems, [{ path: ['monitors', '1', 'ml_sequence', 'object', 'sequence', 0, 'object_weights'] }]);
  t.equal(problems.length, 1);
});

const check = (...args: string[]) =>
  spawnSync(process.execPath, ['.build/src/cli/zmdetect.js', 'config', 'check', ...args], { encoding: 'utf8' });

t.test('config check ends with 1 where no event can be analysed, with the sentences on standard error', async (t) => {
  const file = write(t);
  t.match(check(file), { status: 0, stderr: '', stdout: `${file} is good\n` });
  const odd = 'show_percent: 2';
  writeFileSync(
    file,
    changed('opencv', 'opencvv').replace('show_percent: "yes"', odd).replaceAll('BASE', path.dirname(file)),
  );
  const broken = check(file);
  t.match(broken, { status: 1, stdout: `${file}: no event can be analysed with it, 1 error, 1 warning\n` });
  t.match(
    broken.stderr,
    /^warning: .*objectconfig\.yml:10:3: expected "yes" or "no" for general\.show_percent, got 2:/,
  );
  t.match(broken.stderr, /\nerror: .*objectconfig\.yml:35:11: /);
  writeFileSync(file, changed('show_percent: "yes"', odd).replaceAll('BASE', path.dirname(file)));
  t.match(check(file), {
    status: 0,
    stderr: /^warning: .*got 2: "yes" counts\n$/,
    stdout: `${file} works, 1 warning\n`,
  });
});

t.test('config check of a directory says so', async (t) => {
  const folder = t.testdir();
  mkdirSync(path.join(folder, 'x'));
  t.match(check(path.join(folder, 'x')), { status: 1, stderr: /it is a directory/ });
});

t.test('corners under another key are named', async (t) => {
  const sentences = (await problemsOf(write(t, { config: changed('coords:', 'points:') }))).map(
    ({ sentence }) => sentence,
  );
  t.equal(sentences.length, 2);
  t.match(sentences[0], /:39:7: zone drive has no coords/);
  t.match(
    sentences[1],
    /:40:9: .*zones\.drive\.points has no effect: the corners of a zone stand under coords, rename it/,
  );
});

t.test('files of secrets that every user can read are named, with the remedy', async (t) => {
  const file = write(t, { config: changed('"!ZM_PASSWORD"', '"geheim"') });
  const secretsFile = path.join(path.dirname(file), 'secrets.yml');
  const said = async () =>
    (await problemsOf(file)).map(({ sentence }) => sentence).filter((text) => /chmod/.test(text));
  t.strictSame(await said(), []);
  for (const open of [file, secretsFile]) chmodSync(open, 0o644);
  t.strictSame((await said()).sort(), [
    `${file} holds secrets, and every user of this host can read it: chmod o-rwx ${file}`,
    `${secretsFile} holds secrets, and every user of this host can read it: chmod o-rwx ${secretsFile}`,
  ]);
  writeFileSync(file, good.replaceAll('BASE', path.dirname(file)));
  t.strictSame((await said()).length, 1, 'tokens are no secrets');
});
