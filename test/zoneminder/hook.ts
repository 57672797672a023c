/** `zm_detect` as ZoneMinder or its event server runs it: a command line for a shell. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';

import { apiUrl, modelFile, password, portalUrl, user } from './world.js';

export interface HookSetUp {
  /** Lines below `remote`, such as `ml_gateway: http://...`; none: the models run in the hook. */
  readonly remote?: Readonly<Record<string, string | number>>;
  /** Below `general`, in place of what is there. */
  readonly general?: Readonly<Record<string, string>>;
  readonly frames?: string;
  /** Tries for a frame that is not written yet, a second apart. Default 1. */
  readonly attempts?: number;
  readonly password?: string;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Hook {
  /** Holds objectconfig.yml, secrets.yml, and `bin/zm_detect`. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static make(t: Test, setUp: HookSetUp = {}): Hook {
    const hook = new Hook(t.testdir({ bin: {}, 'objectconfig.yml': configuration(setUp) }));
    chmodSync(hook.#write('secrets.yml', secrets(setUp)), 0o600);
    for (const name of ['zm_detect', 'zmdetect']) {
      const program = path.resolve(`dist/bundle/${name}.js`);
      hook.script(`bin/${name}`, `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(program)} "$@"`);
    }
    return hook;
  }

  /** Writes a shell script into the folder and gives its path. */
  script(name: string, body: string): string {
    const file = this.#write(name, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /** Runs a command line in the folder, with `bin` on the path. */
  async run(command: string): Promise<Outcome> {
    const PATH = `${path.join(this.folder, 'bin')}:${process.env.PATH ?? ''}`;
    const child = spawn('sh', ['-c', command], { cwd: this.folder, env: { ...process.env, PATH } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    await once(child, 'close');
    return { status: child.exitCode, stdout, stderr };
  }

  #write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text.replaceAll('FOLDER', this.folder));
    return file;
  }
}

function configuration({ remote = {}, general = {}, frames = 'snapshot,alarm,1', attempts = 1 }: HookSetUp): string {
  const base = {
    secrets: 'secrets.yml',
    portal: '!ZM_PORTAL',
    api_portal: '!ZM_API_PORTAL',
    user: '!ZM_USER',
    password: '!ZM_PASSWORD',
    base_data_path: '.',
    image_path: '.',
    write_image_to_zm: 'yes',
    show_percent: 'yes',
    ...general,
  };
  const lines = (mapping: Readonly<Record<string, string | number>>) =>
    Object.entries(mapping).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return `general:
${lines(base).join('\n')}
remote:${Object.keys(remote).length === 0 ? ' {}' : `\n${lines(remote).join('\n')}`}
ml:
  stream_sequence:
    frame_set: "${frames}"
    max_attempts: ${attempts}
    sleep_between_attempts: 1
  ml_sequence:
    general:
      model_sequence: "object"
      frame_strategy: most_models
    object:
      general:
        pattern: ".*"
      sequence:
        - name: yolov8n
          enabled: "yes"
          object_weights: ${JSON.stringify(modelFile)}
          object_min_confidence: 0.3
          object_framework: opencv
`;
}

function secrets(setUp: HookSetUp): string {
  return `secrets:
  ZM_PORTAL: ${portalUrl}
  ZM_API_PORTAL: ${apiUrl}
  ZM_USER: ${user}
  ZM_PASSWORD: ${JSON.stringify(setUp.password ?? password)}
`;
}

/** The line's two halves, as the event server takes them apart. */
export function halves(stdout: string): { readonly text: string; readonly objects: string } {
  const [text = '', objects = ''] = stdout.trimEnd().split('--SPLIT--');
  return { text, objects };
}
