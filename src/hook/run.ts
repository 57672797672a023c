/** One event, from its number to the line that ZoneMinder's event server reads. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Detector } from '../client/detector.js';
import type { DetectionResult, DetectionZone, DetectorOptions } from '../client/types.js';
import { ZoneMinder } from '../client/zoneminder/client.js';
import type { ZmEvent, ZoneMinderOptions } from '../client/zoneminder/types.js';
import { isMapping, type Mapping } from '../config/readers.js';
import type { Size } from '../detection/detection.js';
import type { HookArguments } from './arguments.js';
import { type Checked, checkSource } from './check.js';
import { type LineOptions, type Objects, objectsJson, prediction } from './line.js';
import { leaveTraces, Target } from './traces.js';
import { valueAt } from './merge.js';
import { looksForAnything, runnable } from './models.js';
import { override } from './overrides.js';
import type { Problem } from './problem.js';
import { ResizingZoneMinder, scaledZones, smaller } from './resized.js';
import { type HookSettings, settingsOf } from './settings.js';
import { readSource, type Source } from './source.js';
import { explain, pathsBehind, type Voice } from './voice.js';
import { chooseZones } from './zones.js';

/** Resolves to the exit status: 0 also where nothing was found, 1 after a sentence about what went wrong. */
export async function runHook(args: HookArguments, voice: Voice): Promise<number> {
  const source = await readSource(args.config);
  const run = new HookRun(source, args, voice);
  try {
    return (await run.go()) ? 0 : 1;
  } catch (error) {
    const behind = pathsBehind(error, args.monitorId).find((at) => valueAt(source.tree, at) !== undefined);
    const place = behind === undefined ? source.file : source.locate(behind).place;
    voice.say(`${place}: ${explain(error, run.settings)}`);
    return 1;
  } finally {
    await run.close();
  }
}

const zoneMinderKeys = new Set<unknown>(['portal', 'api_portal', 'user', 'password', 'basic_user', 'basic_password']);

class HookRun {
  /** Known once the event's monitor is. */
  settings: HookSettings | undefined;
  readonly #source: Source;
  readonly #checked: Checked;
  readonly #args: HookArguments;
  readonly #voice: Voice;
  #event: Promise<ZmEvent> | undefined;
  #zoneMinder: ZoneMinder | undefined;
  #detector: Detector | undefined;

  constructor(source: Source, args: HookArguments, voice: Voice) {
    this.#source = source;
    this.#checked = checkSource(source);
    this.#args = args;
    this.#voice = voice;
  }

  /** Resolves to whether the configuration could be used. */
  async go(): Promise<boolean> {
    if (!this.#tell(this.#checked.problems.filter(({ path: [section] }) => section !== 'monitors'))) return false;
    const monitorId = await this.#monitorId();
    if (!this.#tellOfMonitors(monitorId)) return false;
    const settings = settingsOf(this.#checked.tree, monitorId, (view) => this.#change(view));
    this.settings = settings;
    if (!this.#tell(await this.#checked.modelProblems(monitorId))) return false;
    if (!looksForAnything(settings.mlSequence)) return true;
    if (settings.wait > 0) {
      this.#voice.debug(`waiting ${settings.wait} s`);
      await sleep(settings.wait * 1000);
      // By now more zones may stand in the event's notes.
      this.#event = undefined;
    }
    const zones = await this.#zones(settings, monitorId);
    const models = await runnable(settings.mlSequence, settings.modelsFolder, settings.gateway === null);
    // What is odd about the file has been said, with its lines.
    const detector = this.#voice.hush(() => Detector.fromDict(models, this.#detectorOptions(settings, monitorId)));
    this.#detector = detector;
    const { eventId, file } = this.#args;
    if (file !== undefined) {
      const result = await detector.detect(file, { zones });
      await this.#report(result, settings, zones, null);
    } else if (eventId !== undefined) {
      await this.#lookAtEvent(detector, settings, zones, eventId);
    }
    return true;
  }

  async #lookAtEvent(
    detector: Detector,
    settings: HookSettings,
    zones: readonly DetectionZone[],
    eventId: number,
  ): Promise<void> {
    const streamConfig = { ...settings.stream, ...(await this.#frameSet(settings)) };
    const look = (size: Resize | null) => {
      const own = size === null ? zones : scaledZones(zones, size.original, size.size);
      return detector.detectEvent(this.#zm(settings), eventId, { zones: own, streamConfig });
    };
    const resize = await this.#resize(settings, eventId);
    const result = await look(resize);
    const width = result.imageDimensions?.width;
    if (resize === null || width === undefined || width === resize.size.width) {
      const own = resize === null ? zones : scaledZones(zones, resize.original, resize.size);
      return this.#report(result, settings, own, resize);
    }
    const { place } = this.#source.locate(['ml', 'stream_sequence', 'resize']);
    this.#voice.say(
      `${place}: a frame is ${width} pixels wide where ZoneMinder was asked for ${resize.size.width}, so frames keep their size: set resize: "no"`,
    );
    if (this.#zoneMinder instanceof ResizingZoneMinder) this.#zoneMinder.size = null;
    return this.#report(await look(null), settings, zones, null);
  }

  /** Says problems, those without effect on this run only as details; false where one of them stops it. */
  #tell(problems: readonly Problem[]): boolean {
    const relevant = problems.filter((problem) => problem.severity !== 'note' && !this.#isIdle(problem));
    for (const problem of problems) {
      if (relevant.includes(problem)) this.#voice.say(problem.sentence);
      else this.#voice.debug(problem.sentence);
    }
    return relevant.every(({ severity }) => severity !== 'error');
  }

  /** A fault in another monitor's section does not stop this one's event. */
  #tellOfMonitors(monitorId: string | undefined): boolean {
    const all = this.#checked.problems.filter(({ path: [section] }) => section === 'monitors');
    const isOwn = ({ path: [, id] }: Problem): boolean => id === undefined || String(id) === monitorId;
    for (const problem of all) if (!isOwn(problem)) this.#voice.debug(problem.sentence);
    return this.#tell(all.filter(isOwn));
  }

  /** A picture of its own needs neither ZoneMinder nor a choice of frames. */
  #isIdle({ path: [section, key] }: Problem): boolean {
    if (this.#args.file === undefined) return false;
    return section === 'ml' ? key === 'stream_sequence' : section === 'general' && zoneMinderKeys.has(key);
  }

  async close(): Promise<void> {
    await this.#detector?.close();
    this.#zoneMinder?.close();
  }

  #change(view: Mapping): void {
    for (const text of this.#args.overrides) {
      const warning = override(view, text);
      if (warning !== undefined) this.#voice.say(warning);
    }
    if (this.#args.outputPath !== undefined) {
      view.image_path = this.#args.outputPath;
      view.write_debug_image = 'yes';
    }
    if (this.#args.file !== undefined) view.write_image_to_zm = 'no';
  }

  /** As given; else ZoneMinder is asked, where the file says anything that differs by monitor. */
  async #monitorId(): Promise<string | undefined> {
    const { monitorId, eventId, file } = this.#args;
    if (monitorId !== undefined || eventId === undefined || file !== undefined) return monitorId;
    const settings = settingsOf(this.#checked.tree, undefined, (view) => this.#change(view));
    this.settings = settings;
    const { monitors } = this.#checked.tree;
    if (!settings.importZones && (!isMapping(monitors) || Object.keys(monitors).length === 0)) return undefined;
    return String((await this.#theEvent(settings, eventId)).monitorId);
  }

  #options({ zoneMinder }: HookSettings): ZoneMinderOptions {
    const { apiUrl, portalUrl, user, password, basicAuth, verifySsl } = zoneMinder;
    return { apiUrl, portalUrl, user, password, basicAuth, tls: { verify: verifySsl }, log: this.#voice.log };
  }

  #zm(settings: HookSettings): ZoneMinder {
    if (settings.zoneMinder.uncheckedByDefault) {
      const { place } = this.#source.locate(['general', 'allow_self_signed']);
      this.#voice.say(
        `${place}: ZoneMinder's certificate is not checked, since general.allow_self_signed is not set: write "no" to have it checked, or "yes"`,
      );
    }
    const Kind = settings.resize === null ? ZoneMinder : ResizingZoneMinder;
    // That certificates are not checked is what allow_self_signed asks for; a line for every event would not help.
    this.#zoneMinder ??= this.#voice.hush(() => new Kind(this.#options(settings)));
    return this.#zoneMinder;
  }

  #theEvent(settings: HookSettings, eventId: number): Promise<ZmEvent> {
    this.#event ??= this.#zm(settings).event(eventId);
    return this.#event;
  }

  async #zones(settings: HookSettings, monitorId: string | undefined): Promise<readonly DetectionZone[]> {
    const imports = settings.importZones && monitorId !== undefined && settings.zoneMinder.apiUrl !== '';
    const imported = imports ? await this.#zm(settings).zones(Number(monitorId)) : null;
    const { zones, unmatched } = chooseZones(settings, imported, await this.#reason(settings));
    for (const name of unmatched) {
      const at = ['monitors', monitorId ?? '', 'zones', name];
      const { place } = this.#source.locate(at);
      this.#voice.say(
        `${place}: zone ${name} has no coords, and ZoneMinder has no zone of that name: correct the name`,
      );
    }
    this.#voice.debug(`zones: ${zones.map(({ name }) => name).join(', ') || 'none'}`);
    return zones;
  }

  /** What ZoneMinder says about the alarm, where it matters. */
  async #reason(settings: HookSettings): Promise<string> {
    const { reason, eventId } = this.#args;
    if (reason !== undefined || !settings.onlyTriggeredZones || eventId === undefined) return reason ?? '';
    const { cause, notes } = await this.#theEvent(settings, eventId);
    return `${cause} ${notes}`;
  }

  #detectorOptions(settings: HookSettings, monitorId: string | undefined): DetectorOptions {
    const { gateway } = settings;
    return {
      log: this.#voice.log,
      imagePath: settings.imagePath,
      basePath: settings.modelsFolder,
      // Trials pay off only where many pictures follow.
      instances: 1,
      ...(monitorId === undefined ? {} : { monitorId }),
      ...(gateway === null
        ? {}
        : {
            gateway: gateway.url,
            gatewayMode: gateway.mode,
            gatewayTimeout: gateway.timeout,
            gatewayRetryBusy: true,
            gatewayUsername: gateway.user,
            gatewayPassword: gateway.password,
            fallbackLocal: gateway.fallbackLocal,
          }),
    };
  }

  /** Has frames made smaller where `resize` says so: their own size then, else null. */
  async #resize(settings: HookSettings, eventId: number): Promise<Resize | null> {
    const zoneMinder = this.#zm(settings);
    if (settings.resize === null || !(zoneMinder instanceof ResizingZoneMinder)) return null;
    const { width, height } = await this.#theEvent(settings, eventId);
    const original = { width, height };
    const size = smaller(original, settings.resize);
    zoneMinder.size = size;
    return size === null ? null : { original, size };
  }

  /** With convert_snapshot_to_fid the snapshot's number stands for it, once ZoneMinder knows it. */
  async #frameSet(settings: HookSettings): Promise<{ frameSet?: readonly string[] }> {
    const { eventId } = this.#args;
    const frameSet = settings.stream.frameSet ?? ['snapshot', 'alarm', '1'];
    if (!settings.convertSnapshot || eventId === undefined || !frameSet.includes('snapshot')) return {};
    const { maxScoreFrame } = await this.#theEvent(settings, eventId);
    if (maxScoreFrame === undefined) return {};
    return { frameSet: [...new Set(frameSet.map((name) => (name === 'snapshot' ? String(maxScoreFrame) : name)))] };
  }

  async #report(
    result: DetectionResult,
    settings: HookSettings,
    zones: readonly DetectionZone[],
    resize: Resize | null,
  ): Promise<void> {
    if (result.detections.length === 0) {
      this.#voice.debug('nothing was found');
      return;
    }
    const text = prediction(result.toJSON(), settings satisfies LineOptions);
    const objects = objectsJson(objectsOf(result, resize));
    process.stdout.write(`${text}--SPLIT--${objects}\n`);
    const { eventId, file, notes, eventPath } = this.#args;
    const subject = file === undefined ? String(eventId) : path.basename(file);
    await leaveTraces({
      result,
      settings,
      zones,
      text,
      objects,
      subject,
      notes,
      eventPath,
      event: eventId === undefined || file !== undefined ? null : new Target(this.#zm(settings), eventId),
      voice: this.#voice,
    });
  }
}

interface Resize {
  readonly original: Size;
  readonly size: Size;
}

function objectsOf(result: DetectionResult, resize: Resize | null): Objects {
  const json = result.toJSON();
  if (resize === null) return json;
  const { original, size } = resize;
  return {
    ...json,
    image_dimensions: { original: [original.height, original.width], resized: [size.height, size.width] },
  };
}
