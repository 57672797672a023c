/** Which frames of an event are looked at. */
import { ConfigError } from '../config/problems.js';
import { type Findings, MappingReader } from './reader.js';
import type { StreamConfig } from './types.js';

const defaultFrames: readonly string[] = ['snapshot', 'alarm', '1'];

function defaultStream(): StreamConfig {
  return {
    frameSet: defaultFrames,
    maxFrames: 0,
    startFrame: 1,
    frameSkip: 1,
    delay: 0,
    delayBetweenFrames: 0,
    maxAttempts: 1,
    sleepBetweenAttempts: 3,
    contigFramesBeforeError: 5,
  };
}

/** Errors: CONFIG_INVALID with one sentence for each problem. */
export function checkStream(stream: Partial<StreamConfig> = {}): StreamConfig {
  return read(stream, (name) => name);
}

/**
 * From the `stream_sequence` of an `objectconfig.yml`. Keys that are about keeping frames on disk have no effect, and
 * neither has `resize`: a network scales its input itself. Errors: CONFIG_INVALID with one sentence for each problem.
 */
export function readStreamSequence(streamSequence: Readonly<Record<string, unknown>>): StreamConfig {
  return read(streamSequence, (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

function read(source: object, keyOf: (name: keyof StreamConfig) => string): StreamConfig {
  const findings: Findings = { problems: [], warnings: [] };
  const reader = new MappingReader(source, '', findings);
  const seconds = (name: keyof StreamConfig) => reader.real(keyOf(name), { min: 0, max: 86_400 });
  const count = (name: keyof StreamConfig, min: number) => reader.integer(keyOf(name), { min });
  const given: { [K in keyof StreamConfig]: StreamConfig[K] | undefined } = {
    frameSet: reader.texts(keyOf('frameSet')),
    maxFrames: count('maxFrames', 0),
    startFrame: count('startFrame', 1),
    frameSkip: count('frameSkip', 1),
    delay: seconds('delay'),
    delayBetweenFrames: seconds('delayBetweenFrames'),
    maxAttempts: count('maxAttempts', 0),
    sleepBetweenAttempts: seconds('sleepBetweenAttempts'),
    contigFramesBeforeError: count('contigFramesBeforeError', 0),
  };
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultStream(), ...(Object.fromEntries(said) as Partial<StreamConfig>) };
}

/** The names of the frames, in the order in which they are looked at. */
export function frameNames({ frameSet, maxFrames, startFrame, frameSkip }: StreamConfig): readonly string[] {
  if (frameSet.length > 0) return frameSet;
  if (maxFrames === 0) return defaultFrames;
  return Array.from({ length: maxFrames }, (_, index) => String(startFrame + index * frameSkip));
}
