/** A folder with a good `objectconfig.yml`, its secrets and a model, for tests to spoil. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';

import { allProblems } from '../../src/hook/check.js';
import type { Problem } from '../../src/hook/problem.js';
import { readSource } from '../../src/hook/source.js';

/** `BASE` stands for the folder. */
export const good = `general:
  secrets: secrets.yml
  portal: "!ZM_PORTAL"
  user: "!ZM_USER"
  password: "!ZM_PASSWORD"
  api_portal: "!ZM_API_PORTAL"
  allow_self_signed: "yes"
  base_data_path: BASE
  write_image_to_zm: "yes"
  show_percent: "yes"
  wait: 0
remote:
  ml_timeout: 60
ml:
  stream_sequence:
    frame_set: "snapshot,alarm"
    max_attempts: 3
    sleep_between_attempts: 4
    resize: "no"
  ml_sequence:
    general:
      model_sequence: "object"
      frame_strategy: most_models
      car_past_det_max_diff_area: "10%"
      aliases:
        - ['car', 'bus']
    object:
      general:
        pattern: "(person|car)"
      sequence:
        - name: YOLO
          enabled: "yes"
          object_weights: "\${base_data_path}/yolo.onnx"
          object_min_confidence: 0.3
          object_framework: opencv
monitors:
  1:
    zones:
      drive:
        coords: "306,356 1003,341 1074,683 154,715"
        detection_pattern: "(person|car)"
`;

export const secrets = `secrets:
  ZM_PORTAL: https://zm.example/zm
  ZM_API_PORTAL: https://zm.example/zm/api
  ZM_USER: admin
  ZM_PASSWORD: "geh#eim"
`;

export interface Files {
  readonly config?: string;
  readonly secrets?: string;
}

/** Path of the objectconfig.yml. */
export function write(t: Test, files: Files = {}): string {
  const folder = t.testdir({ 'yolo.onnx': 'a model', 'empty.onnx': '' });
  const config = path.join(folder, 'objectconfig.yml');
  writeFileSync(config, (files.config ?? good).replaceAll('BASE', folder), { mode: 0o600 });
  writeFileSync(path.join(folder, 'secrets.yml'), files.secrets ?? secrets, { mode: 0o600 });
  return config;
}

/** The good file with one piece of text changed. */
export function changed(from: string | RegExp, to: string): string {
  const text = good.replace(from, () => to);
  if (text === good) throw new Error(`nothing matches ${String(from)}`);
  return text;
}

export async function problemsOf(file: string): Promise<readonly Problem[]> {
  return allProblems(await readSource(file));
}
