/** What a program sends and writes, seen from a network namespace of its own (`test/support/network-trap.ts`). */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** One line of the trap. */
export type Sighting =
  | { readonly query: string }
  | { readonly connection: number; readonly host: string }
  | { readonly status: number | null; readonly connections: number; readonly datagrams: number };

export interface Evidence {
  /** The program's exit status. */
  readonly status: number | null;
  /** Host names that were asked for. */
  readonly queries: readonly string[];
  /** Hosts that a TLS client greeted. */
  readonly hosts: readonly string[];
  /** TCP connections tried, to whatever address and port. */
  readonly connections: number;
  readonly datagrams: number;
  /** Paths under HOME, XDG_CACHE_HOME and TMPDIR. */
  readonly files: readonly string[];
  /** What the program wrote. */
  readonly output: string;
}

/** Why no trap can be set here; false where one can. */
export function trapUnavailable(): string | false {
  const probe = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', 'ip link set lo up && mount --bind /etc /etc']);
  if (probe.status === 0) return false;
  const why = 'the trap needs root, unshare (util-linux) and ip (iproute2)';
  if (process.env.CI === 'true') throw new Error(why);
  return why;
}

/** ONNX Runtime keeps silent where it finds one of these, so the trap would show nothing about any other host. */
const ciVariables = [
  ...['CI', 'TF_BUILD', 'GITHUB_ACTIONS', 'GITLAB_CI', 'CIRCLECI', 'TRAVIS', 'JENKINS_URL', 'CODEBUILD_BUILD_ID'],
  ...['BUILDKITE', 'TEAMCITY_VERSION', 'APPVEYOR', 'BITBUCKET_BUILD_NUMBER', 'ORT_RUNNING_UNIT_TESTS'],
  'ORT_DISABLE_TELEMETRY',
];

export class Trapped {
  readonly #child: ChildProcess;
  readonly #homes: string;
  readonly #sightings: Sighting[] = [];
  readonly #ended: Promise<unknown>;
  readonly #contacted: Promise<void>;
  #output = '';

  constructor(folder: string, program: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#homes = path.join(folder, 'homes');
    const places = { HOME: 'home', XDG_CACHE_HOME: 'cache', TMPDIR: 'tmp' };
    const env: NodeJS.ProcessEnv = { ...process.env, ...environment };
    for (const name of ciVariables) if (!(name in environment)) Reflect.deleteProperty(env, name);
    for (const [name, place] of Object.entries(places)) {
      env[name] = path.join(this.#homes, place);
      mkdirSync(env[name], { recursive: true });
    }
    const trap = ['--net', '--mount', process.execPath, '.build/test/support/network-trap.js', folder];
    this.#child = spawn('unshare', [...trap, ...program], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (bytes: Buffer) => (this.#output += bytes.toString()));
    this.#ended = once(this.#child, 'close');
    this.#contacted = new Promise((resolve) => {
      const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
      lines.on('line', (line) => {
        const sighting = JSON.parse(line) as Sighting;
        this.#sightings.push(sighting);
        if ('connection' in sighting) resolve();
      });
    });
  }

  /** Resolves when the program has made a connection, or has ended. */
  async contact(): Promise<void> {
    await Promise.race([this.#contacted, this.#ended]);
  }

  /** Resolves when `text` is in what the program has written; rejects where it ends before. */
  async said(text: string): Promise<void> {
    const over = this.#ended.then(() => true);
    while (!this.#output.includes(text)) {
      const ended = await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 20, false))]);
      if (ended === true && !this.#output.includes(text)) throw new Error(`ended without "${text}": ${this.#output}`);
    }
  }

  /** Stops the program where it still runs. */
  async evidence(): Promise<Evidence> {
    this.#child.stdin?.end();
    return await this.end();
  }

  /** When the program has ended by itself. */
  async end(): Promise<Evidence> {
    await this.#ended;
    const of = <K extends string>(key: K) =>
      this.#sightings.filter((sighting): sighting is Extract<Sighting, Record<K, unknown>> => key in sighting);
    const [last] = of('status');
    if (last === undefined) throw new Error(`the trap could not be set: ${this.#output}`);
    return {
      ...last,
      queries: of('query').map(({ query }) => query),
      hosts: of('connection').map(({ host }) => host),
      files: readdirSync(this.#homes, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.includes('/'))
        .sort(),
      output: this.#output,
    };
  }
}
