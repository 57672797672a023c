/** The ZoneMinder that `test/zoneminder/server start` runs, and what `seed` put into it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { ZoneMinder, type ZoneMinderOptions } from '../../src/client/zoneminder/client.js';
import { type Settings, startDaemon, type TestDaemon } from '../support/daemon.js';
import { shared } from '../support/shared.js';

/** Set by .ci/run; without it these suites are skipped, with it they fail where no ZoneMinder answers. */
export const wanted = process.env.ZMDETECT_TEST_ZONEMINDER === '1';

/** Ends the calling file's tests where they are not wanted. */
export function skipUnlessWanted(): void {
  if (!wanted) t.plan(0, 'needs a ZoneMinder: test/zoneminder/server start, then ZMDETECT_TEST_ZONEMINDER=1');
}

const port = Number(process.env.ZMDETECT_ZONEMINDER_PORT ?? 8095);
const folder = process.env.ZMDETECT_ZONEMINDER_DIR ?? '/var/tmp/zmdetect-zoneminder';

export const portalUrl = `http://127.0.0.1:${port}/zm`;
export const apiUrl = `${portalUrl}/api`;
export const tlsApiUrl = `https://127.0.0.1:${port + 1}/zm/api`;
export const certificateFile = `${folder}/tls/cert.pem`;
export const user = 'zmdetect';
/** With all that has a meaning in a URL, a form or YAML. */
export const password = 'pa&ss=w+rd%# 1';
export const tokenSecret = 'zmdetect-test-secret';

/** Events: cars at an intersection in frame 3; a dog, a bicycle and a car in frame 1; nothing; every photo. */
export const events = { cars: 1, yard: 2, empty: 3, gallery: 4 } as const;

export const modelFile = shared('models/ultralytics/yolov8n.onnx').path;

export function client(t: Test, options: Partial<ZoneMinderOptions> = {}): ZoneMinder {
  const zm = new ZoneMinder({ apiUrl, user, password, ...options });
  t.teardown(() => {
    zm.close();
  });
  return zm;
}

export function daemon(t: Test, settings: Settings = {}): Promise<TestDaemon> {
  return startDaemon(t, { models: [modelFile], inference_threads: 0, ...settings });
}

export function photo(file: string): Buffer {
  return readFileSync(shared(`images/photos/${file}`).path);
}

/** The rows of a statement, their columns parted by tabs. */
export function sql(statement: string): string[] {
  const rows = execFileSync('test/zoneminder/server', ['sql', '-N', '-r', '-e', statement], { encoding: 'utf8' });
  return rows.split('\n').filter((row) => row !== '');
}

export function notesOf(eventId: number): string {
  return sql(`SELECT Notes FROM Events WHERE Id = ${eventId}`)[0] ?? '';
}

export function eventFolder(eventId: number): string {
  const monitorId = { 1: 1, 2: 2, 3: 1, 4: 3 }[eventId] ?? 0;
  return path.join(folder, 'events', String(monitorId), '2026-01-02', String(eventId));
}

/** Puts an event back as `seed` made it, now and when the test ends. */
export function restored(t: Test, eventId: number): void {
  const notes = { 1: 'Motion: Crossing', 3: '' }[eventId] ?? 'Motion: All';
  const restore = () => {
    sql(`UPDATE Events SET Notes = '${notes}' WHERE Id = ${eventId}`);
    for (const name of ['objdetect.jpg', 'objects.json'])
      rmSync(path.join(eventFolder(eventId), name), { force: true });
  };
  restore();
  t.teardown(restore);
}

/** An event that has just begun, with nothing in it yet; gone when the test ends. Gives its number and folder. */
export function begunEvent(t: Test): { readonly id: number; readonly folder: string } {
  const id = 5;
  const place = path.join(folder, 'events/2/2026-01-02', String(id));
  const forget = () => {
    sql(`DELETE FROM Events WHERE Id = ${id}`);
    rmSync(place, { recursive: true, force: true });
  };
  forget();
  t.teardown(forget);
  mkdirSync(place);
  chmodSync(place, 0o777);
  sql(`INSERT INTO Events SET Id = ${id}, MonitorId = 2, StorageId = 1, Name = 'New Event', Cause = 'Motion', Notes = 'Motion: All',
    StartDateTime = '2026-01-02 10:00:05', Width = 768, Height = 576, SaveJPEGs = 1, StateId = 1, Scheme = 'Medium'`);
  return { id, folder: place };
}
