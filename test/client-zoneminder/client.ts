/** A client for a fake server, and what it logged. */
import type { Test } from 'tap';

import { ZoneMinder, type ZoneMinderOptions } from '../../src/client/zoneminder/client.js';
import { ZmdetectError } from '../../src/errors.js';
import { type FakeOptions, FakeZoneMinder, password, user } from '../support/fake-zoneminder.js';

export interface SetUp {
  readonly server: FakeZoneMinder;
  readonly zm: ZoneMinder;
  readonly log: readonly string[];
}

export async function setUp(t: Test, fake: FakeOptions = {}, options: Partial<ZoneMinderOptions> = {}): Promise<SetUp> {
  const server = await FakeZoneMinder.start(t, fake);
  const log: string[] = [];
  const write = (...parts: readonly unknown[]) => void log.push(parts.map(String).join(' '));
  const lines = { debug: write, info: write, warn: write, error: write };
  const zm = new ZoneMinder({ apiUrl: server.apiUrl, user, password, log: lines, ...options });
  t.teardown(() => {
    zm.close();
  });
  return { server, zm, log };
}

/** The error that an action ends in; fails the test where it ends well or in an error of another kind. */
export async function errorOf(t: Test, action: Promise<unknown>): Promise<ZmdetectError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof ZmdetectError) {
      t.notMatch(error.message, /SECRET/, 'no secret in the text');
      return error;
    }
    throw error;
  }
  throw new Error('expected an error, got none');
}
