/** The command line of `zmdetect event` and `zm_detect`: upstream's flags. Read without argparse, which costs time. */
import { parseArgs } from 'node:util';

export interface HookArguments {
  readonly config: string;
  readonly eventId: number | undefined;
  readonly monitorId: string | undefined;
  readonly reason: string | undefined;
  /** A picture to look at in place of an event. */
  readonly file: string | undefined;
  /** The event's folder, in place of the one that ZoneMinder names. */
  readonly eventPath: string | undefined;
  /** Where the debug image goes; writes one. */
  readonly outputPath: string | undefined;
  readonly overrides: readonly string[];
  readonly notes: boolean;
  readonly debug: boolean;
}

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** The word for its value in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly multiple?: boolean;
}

export const defaultConfig = '/etc/zm/objectconfig.yml';

export const flags: readonly Flag[] = [
  { name: 'config', short: 'c', value: 'FILE', help: `the objectconfig.yml (default: ${defaultConfig})` },
  { name: 'eventid', short: 'e', value: 'ID', help: 'event to look at' },
  { name: 'monitorid', short: 'm', value: 'ID', help: "its monitor (default: ZoneMinder's answer, where it matters)" },
  { name: 'reason', short: 'r', value: 'TEXT', help: "alarm cause, such as 'Motion: Driveway'" },
  { name: 'file', short: 'f', value: 'FILE', help: 'a picture to look at in place of an event' },
  { name: 'notes', short: 'n', help: "put what was found into the event's notes" },
  { name: 'eventpath', short: 'p', value: 'DIR', help: "the event's folder (default: ZoneMinder's answer)" },
  { name: 'output-path', short: 'o', value: 'DIR', help: 'write a debug image there' },
  {
    name: 'override',
    short: 'O',
    value: 'KEY=VALUE',
    help: 'another value for one key; may be repeated',
    multiple: true,
  },
  { name: 'debug', short: 'd', help: 'say each step on standard error' },
  { name: 'version', short: 'v', help: 'print name and version' },
  { name: 'bareversion', help: 'print the version alone' },
  { name: 'help', short: 'h', help: 'print this' },
];

export type Request =
  | { readonly kind: 'help' | 'version' | 'bareversion' }
  | { readonly kind: 'run'; readonly args: HookArguments; readonly ignored: readonly string[] }
  | { readonly kind: 'usage'; readonly message: string };

function noFlag(word: string): string {
  return `${word} is ignored: there is no such flag`;
}

/** `--mon` for `--monitorid`: the beginning of one flag alone stands for it. */
function completed(word: string): string {
  const [, name = '', rest = ''] = /^--([^=]+)(=.*)?$/s.exec(word) ?? [];
  if (name === '' || flags.some((flag) => flag.name === name)) return word;
  const [only, ...others] = flags.filter((flag) => flag.name.startsWith(name));
  return only === undefined || others.length > 0 ? word : `--${only.name}${rest}`;
}

/** Words that zm_detect.py does not know either are ignored, as it does; `ignored` has a sentence about each. */
export function parseArguments(words: readonly string[]): Request {
  const { values, tokens, positionals } = parseArgs({
    args: words.map(completed),
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      flags.map(({ name, short, value, multiple = false }) => [
        name,
        {
          type: value === undefined ? ('boolean' as const) : ('string' as const),
          multiple,
          ...(short ? { short } : {}),
        },
      ]),
    ),
  });
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  if (values.bareversion === true) return { kind: 'bareversion' };
  const lacking = flags.find(({ name, value }) => value !== undefined && values[name] === true);
  if (lacking) return { kind: 'usage', message: `expected ${lacking.value} after --${lacking.name}, got nothing` };
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const unknownFlags = tokens.flatMap((token) =>
    token.kind === 'option' && !flags.some(({ name }) => name === token.name) ? [token.rawName] : [],
  );
  const file = text('file');
  const called = text('eventid') === undefined && file === undefined ? asEventServer(positionals) : nobody;
  const [eventId, monitorId] = [text('eventid') ?? called.eventId, text('monitorid') ?? called.monitorId];
  if (eventId === undefined && file === undefined) {
    return { kind: 'usage', message: 'expected --eventid ID or --file FILE, got neither' };
  }
  if (eventId !== undefined && !/^\d+$/.test(eventId)) {
    return { kind: 'usage', message: `expected a number for --eventid, got "${eventId}"` };
  }
  const isMonitor = monitorId === undefined || /^\d+$/.test(monitorId);
  return {
    kind: 'run',
    args: {
      config: text('config') ?? defaultConfig,
      eventId: eventId === undefined ? undefined : Number(eventId),
      monitorId: isMonitor ? monitorId : undefined,
      reason: text('reason') ?? called.reason,
      file,
      eventPath: text('eventpath') ?? called.eventPath,
      outputPath: text('output-path'),
      overrides: Array.isArray(values.override) ? values.override.map(String) : [],
      notes: values.notes === true,
      debug: values.debug === true,
    },
    ignored: [
      ...(called === nobody ? positionals : []).map(noFlag),
      ...unknownFlags.map(noFlag),
      ...(isMonitor
        ? []
        : [`--monitorid ${monitorId} is ignored: expected the number that ZoneMinder's console shows as Id`]),
    ],
  };
}

interface Called {
  readonly eventId: string | undefined;
  readonly monitorId: string | undefined;
  readonly reason: string | undefined;
  readonly eventPath: string | undefined;
}

const nobody: Called = { eventId: undefined, monitorId: undefined, reason: undefined, eventPath: undefined };

/** Words without flags, as ZoneMinder and the event server add them: event, monitor, its name, cause, folder. */
function asEventServer(words: readonly string[]): Called {
  const [eventId, monitorId, , reason, eventPath] = words.map((word) => word.trim() || undefined);
  return eventId === undefined ? nobody : { eventId, monitorId, reason, eventPath };
}

export function helpText(program: string): string {
  const rows = flags.map(({ name, short, value, help }) => {
    const option = `${short === undefined ? '   ' : `-${short},`} --${name}${value === undefined ? '' : ` ${value}`}`;
    return `  ${option.padEnd(26)} ${help}`;
  });
  return `usage: ${program} [options]
       ${program} [options] ID [MONITOR [NAME [CAUSE [FOLDER]]]]

Looks at an event of ZoneMinder and prints one line with what was found, or nothing. The second form is the one in
which ZoneMinder and its event server call a hook.

options:
${rows.join('\n')}

Exit status: 0 something or nothing was found; 1 error, or the line did not all get out: a sentence on standard error.
`;
}
