/** A fake ZoneMinder with one event, a daemon with the embedded model, and the hook as a program between them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';

import { FakeZoneMinder, json, password, type Seen, user } from '../support/fake-zoneminder.js';
import { type Picture, picture } from '../support/shapes.js';

export const eventId = 7;
export const monitorId = 3;

export interface WorldOptions {
  /** Pictures by the frame's name. Default: two shapes as `snapshot`. */
  readonly frames?: Readonly<Record<string, Picture>>;
  readonly notes?: string;
  /** Zones of the monitor, as the API gives them. */
  readonly zones?: readonly Readonly<Record<string, string>>[];
  readonly zoneMinderPassword?: string;
  /** How many times a frame is not there yet. */
  readonly missing?: number;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class World {
  readonly zm: FakeZoneMinder;
  readonly folder: string;
  /** The event's folder. */
  readonly event: string;
  readonly #options: WorldOptions;

  private constructor(zm: FakeZoneMinder, folder: string, options: WorldOptions) {
    this.zm = zm;
    this.folder = folder;
    this.event = path.join(folder, 'events', '3', '2026-11-22', '7');
    this.#options = options;
    mkdirSync(this.event, { recursive: true });
  }

  static async start(t: Test, options: WorldOptions = {}): Promise<World> {
    const folder = t.testdir();
    const event = path.join(folder, 'events', '3', '2026-11-22', '7');
    const { frames = { snapshot: picture('shapes-02') }, notes = '', zones = [] } = options;
    let { missing = 0 } = options;
    const shown = Object.values(frames)[0] ?? picture('shapes-02');
    const size = { Width: String(shown.width), Height: String(shown.height) };
    const zm = await FakeZoneMinder.start(t, {
      answers: {
        [`/events/${eventId}.json`]: (response, { method }) =>
          json(
            response,
            method === 'PUT'
              ? { message: 'Saved' }
              : {
                  event: {
                    Event: {
                      Id: String(eventId),
                      MonitorId: String(monitorId),
                      Cause: 'Motion',
                      Notes: notes,
                      ...size,
                      MaxScoreFrameId: '42',
                      FileSystemPath: event,
                    },
                  },
                },
          ),
        [`/monitors/${monitorId}.json`]: (response) =>
          json(response, { monitor: { Monitor: { Id: String(monitorId), Name: 'Drive', ...size } } }),
        [`/zones/forMonitor/${monitorId}.json`]: (response) =>
          json(response, {
            zones: zones.map((zone) => ({ Zone: { Id: '1', Type: 'Active', Units: 'Pixels', ...zone } })),
          }),
        '/index.php': (response, { query }) => {
          const frame = frames[`${query.get('fid') ?? ''}${query.has('width') ? `@${query.get('width') ?? ''}` : ''}`];
          if (frame === undefined || missing-- > 0) return void response.writeHead(404).end();
          response.writeHead(200, { 'content-type': 'image/jpeg' }).end(frame.bytes);
        },
      },
    });
    return new World(zm, folder, options);
  }

  /** Writes an objectconfig.yml; `more` holds lines of its sections. */
  config(more: { general?: string; remote?: string; ml?: string; stream?: string; rest?: string } = {}): string {
    const file = path.join(this.folder, 'objectconfig.yml');
    const { general = '', remote = '', ml = '', stream = 'frame_set: "snapshot,alarm"', rest = '' } = more;
    writeFileSync(
      file,
      `general:
  secrets: ${path.join(this.folder, 'secrets.yml')}
  portal: ${this.zm.apiUrl.replace('/api', '')}
  api_portal: ${this.zm.apiUrl}
  user: "!ZM_USER"
  password: "!ZM_PASSWORD"
  show_percent: "yes"
  write_image_to_zm: "no"
  image_path: ${this.folder}
${lines(general, 2)}
remote:
  ml_timeout: 30
${lines(remote, 2)}
ml:
  stream_sequence:
${lines(stream, 4)}
  ml_sequence:
    general:
      model_sequence: object
${lines(ml, 6)}
    object:
      sequence:
        - name: default
          object_weights: ${path.resolve('models/default.onnx')}
          object_labels: ${path.resolve('models/default.names')}
${rest}
`,
    );
    const { zoneMinderPassword = password } = this.#options;
    const secret = JSON.stringify(zoneMinderPassword);
    writeFileSync(path.join(this.folder, 'secrets.yml'), `secrets:\n  ZM_USER: ${user}\n  ZM_PASSWORD: ${secret}\n`, {
      mode: 0o600,
    });
    return file;
  }

  /** Runs the hook on the event. */
  hook(config: string, ...args: readonly string[]): Promise<Ended> {
    return run('zm_detect', '--config', config, '--eventid', String(eventId), ...args);
  }

  /** Requests that would change anything in ZoneMinder. */
  get changes(): readonly Seen[] {
    return this.zm.seen.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/login.json'));
  }
}

export async function run(program: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [`.build/src/cli/${program}.js`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...output };
}

function lines(text: string, indent: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `${' '.repeat(indent)}${line}`)
    .join('\n');
}

/** What a hook's line says behind the split. */
export interface Objects {
  readonly labels: readonly string[];
  readonly boxes: readonly (readonly number[])[];
  readonly frame_id: string;
  readonly confidences: readonly number[];
  readonly image_dimensions: unknown;
}

export function objectsOf(line: string): Objects {
  return JSON.parse(line.split('--SPLIT--')[1] ?? '') as Objects;
}
