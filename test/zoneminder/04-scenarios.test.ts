/**
 * The ways in which people deploy detection, each as its guide in docs/guides describes it, with the command that
 * ZoneMinder or its event server runs. All of it runs on one host here: "split" means that the daemon is another process
 * which is reached by its URL, with a login of its own, and shares no file with the hook.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { daemon, eventFolder, events, notesOf, restored, skipUnlessWanted, sql, wanted } from './world.js';
import { halves, Hook, type HookSetUp, type Outcome } from './hook.js';

skipUnlessWanted();

/** For the table that scripts/zoneminder prints. */
const rows: string[] = [];
t.teardown(() => {
  if (rows.length === 0) return;
  mkdirSync('.cache/zoneminder', { recursive: true });
  writeFileSync('.cache/zoneminder/scenarios.txt', `${rows.join('\n\n')}\n`);
});

interface Scenario {
  readonly name: string;
  readonly command: string;
  readonly event?: number;
}

/** Runs a scenario's command and writes its row. */
async function play(t: Test, hook: Hook, { name, command, event = events.cars }: Scenario): Promise<Outcome> {
  restored(t, event);
  const outcome = await hook.run(command);
  const shown = (text: string) =>
    text
      .replaceAll(hook.folder, '.')
      .trim()
      .replace(/(.{160}).+/, '$1...') || '(nothing)';
  const output = outcome.stdout === '' ? shown(outcome.stderr) : shown(outcome.stdout);
  rows.push(
    [
      name,
      `  $ ${shown(command)}`,
      `  exit ${outcome.status}: ${output}`,
      `  notes: ${notesOf(event) || '(none)'}`,
    ].join('\n'),
  );
  return outcome;
}

/** Asserts what every scenario in which something was found leaves behind. */
function detected(t: Test, { status, stdout }: Outcome, event: number = events.cars): void {
  t.equal(status, 0);
  const { text, objects } = halves(stdout);
  t.match(text, /^\[s\] detected:.*car:\d\d%/);
  t.ok((JSON.parse(objects) as { labels: string[] }).labels.includes('car'));
  t.match(notesOf(event), /^\[s\] detected:.*\| Motion: /);
  t.ok(existsSync(path.join(eventFolder(event), 'objdetect.jpg')));
}

const login = {
  auth_enabled: true,
  auth_username: 'hook',
  auth_password: 'gateway-SECRET',
  token_secret: 'x'.repeat(40),
};
/** One for all, since loading its model takes longer than a scenario. */
const started = wanted ? daemon(t, login) : undefined;

async function withDaemon(t: Test, remote: HookSetUp['remote'] = {}) {
  const server = await started;
  const from = server?.log.length ?? 0;
  const access = { ml_gateway: server?.url ?? '', ml_user: 'hook', ml_password: 'gateway-SECRET' };
  /** What the daemon logged since. */
  const log = () => server?.log.slice(from).join('') ?? '';
  return { hook: Hook.make(t, { remote: { ...access, ...remote } }), log };
}

/** What the event server calls: prints the line and exits 0 where something was found, else 1. */
const eventServerHook = `# event id, monitor id, monitor name, cause, folder of the event
line=$(zm_detect --config FOLDER/objectconfig.yml --eventid "$1" --monitorid "$2" --reason "$4" --eventpath "$5" --notes) || exit 1
[ -n "$line" ] && printf '%s\\n' "$line"`;

t.test('one box, with the event server', async (t) => {
  const { hook } = await withDaemon(t);
  hook.script('zm_event_start.sh', eventServerHook.replaceAll('FOLDER', hook.folder));
  const call = (event: number) => `./zm_event_start.sh ${event} 1 "Street" "Motion: Crossing" ${eventFolder(event)}`;
  const outcome = await play(t, hook, { name: 'one box, event server hook', command: call(events.cars) });
  detected(t, outcome);
  const nothing = await play(t, hook, {
    name: 'one box, event server hook, nothing to see',
    command: call(events.empty),
    event: events.empty,
  });
  t.match(nothing, { status: 1, stdout: '' }, 'the event server takes 1 for: nothing, send no message');
});

t.test('one box, without the event server', async (t) => {
  const hook = Hook.make(t);
  // ZoneMinder puts the event's number, monitor and cause in place of %EID%, %MID% and %EC%, runs the text by a shell,
  // and closes all its files first.
  const eventStartCommand = 'zm_detect -c objectconfig.yml -e %EID% -m %MID% -r "%EC%" -n';
  const substituted = eventStartCommand.replace('%EID%', '1').replace('%MID%', '1').replace('%EC%', 'Motion');
  const outcome = await play(t, hook, { name: 'one box, EventStartCommand with %EID%', command: substituted });
  detected(t, outcome);

  const closed = await play(t, hook, {
    name: 'one box, EventStartCommand, as ZoneMinder runs it: no open files',
    command: `exec 0<&- 1>&- 2>&-; ${substituted}`,
  });
  t.equal(closed.status, 0);
  t.match(notesOf(events.cars), /^\[s\] detected:.*\| Motion: Crossing$/);

  hook.script('on-event', `exec zm_detect --config ${hook.folder}/objectconfig.yml --notes "$@"`);
  detected(t, await play(t, hook, { name: 'one box, EventStartCommand without %', command: './on-event 1 1' }));
});

t.test('one box with ZoneMinder 1.36, which has no EventStartCommand: a filter', async (t) => {
  const hook = Hook.make(t);
  // The command may have 255 characters.
  const short = path.join(mkdtempSync('/tmp/zmdetect-'), 'zm');
  symlinkSync(hook.folder, short);
  t.teardown(() => {
    rmSync(path.dirname(short), { recursive: true });
  });
  // ZoneMinder adds the event's folder, which so becomes the value of --eventpath.
  const program = `${short}/bin/zm_detect --config ${short}/objectconfig.yml --notes --eventid %EI% --eventpath`;
  const query = JSON.stringify({ terms: [{ attr: 'Id', op: '=', val: String(events.yard) }], limit: '10' });
  sql(`DELETE FROM Filters WHERE Name = 'Detect';
    INSERT INTO Filters SET Name = 'Detect', UserId = 1, Query_json = '${query}', AutoExecute = 1,
      AutoExecuteCmd = '${program}', Background = 0;
    UPDATE Events SET Executed = 0`);
  t.teardown(() => sql(`DELETE FROM Filters WHERE Name = 'Detect'`));
  const outcome = await play(t, hook, {
    name: 'one box, 1.36: filter "Detect" executes zm_detect',
    command: 'zmfilter.pl --filter=Detect',
    event: events.yard,
  });
  t.equal(outcome.status, 0);
  t.match(notesOf(events.yard), /^\[s\] detected:.*dog:\d\d%.*\| Motion: All$/);
  t.strictSame(sql(`SELECT Executed FROM Events WHERE Id = ${events.yard}`), ['1'], 'and it is not run twice');
});

const detect = 'zm_detect --config objectconfig.yml --eventid 1 --monitorid 1 --reason "Motion: Crossing" --notes';

t.test('split boxes: the daemon fetches the frames from ZoneMinder', async (t) => {
  const { hook, log } = await withDaemon(t);
  detected(t, await play(t, hook, { name: 'split boxes, URL mode', command: detect }));
  t.notMatch(log(), /"route":"\/detect"/, 'nothing was uploaded');
  t.notMatch(log(), /SECRET|token=ey/);
});

t.test('split boxes: the hook uploads the frames', async (t) => {
  const { hook, log } = await withDaemon(t, { ml_gateway_mode: 'image' });
  detected(t, await play(t, hook, { name: 'split boxes, image mode', command: detect }));
  t.match(log(), /"msg":"request"/);
  t.notMatch(log(), /"route":"\/detect_urls"|"fetch":/, 'the daemon was not sent to ZoneMinder');
});

t.test('split boxes: a wrong password for the daemon', async (t) => {
  const { hook } = await withDaemon(t, { ml_password: 'SECRET-wrong' });
  const outcome = await play(t, hook, { name: 'split boxes, wrong daemon password', command: detect });
  t.match(outcome, { status: 1, stdout: '', stderr: /./ });
  t.notMatch(outcome.stderr, /SECRET-wrong/);
  t.equal(notesOf(events.cars), 'Motion: Crossing');
});

/** Nobody listens on port 1. */
const down = { ml_gateway: 'http://127.0.0.1:1' };

t.test('the daemon is down, without local fallback', async (t) => {
  const hook = Hook.make(t, { remote: down });
  const outcome = await play(t, hook, { name: 'daemon down, no fallback', command: detect });
  t.match(outcome, { status: 1, stdout: '', stderr: /127\.0\.0\.1:1/ });
  t.equal(notesOf(events.cars), 'Motion: Crossing', 'the event is as it was');
  t.notOk(existsSync(path.join(eventFolder(events.cars), 'objdetect.jpg')));
});

t.test('the daemon is down, with local fallback', async (t) => {
  const hook = Hook.make(t, { remote: { ...down, ml_fallback_local: 'yes' } });
  const outcome = await play(t, hook, { name: 'daemon down, ml_fallback_local: "yes"', command: detect });
  detected(t, outcome);
  t.match(outcome.stderr, /127\.0\.0\.1:1/, 'which is said');
});
