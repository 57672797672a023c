/** Real Darknet models on every photo: our importer on ONNX Runtime finds what OpenCV finds. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';

import { type Box } from '../../src/detection/detection.js';
import { Engine, type NativeImage, Ticket } from '../../src/engine/engine.js';
import { compare, type Found } from '../../src/gpu/compare.js';
import { binariesFolder } from '../../src/package-root.js';
import { shared } from '../support/shared.js';

/** The bars of the comparison. Corners are whole pixels. */
const most = { pixels: 1, confidence: 1e-3 };
const minConfidence = 0.3;

const models = shared('models');
const built = existsSync(path.join(binariesFolder, 'zmdetect_opencv.so'));
const skip = models.skip || (built ? false : 'this build has no opencv backend');

for (const name of ['yolo-fastest/yolo-fastest-1.1', 'yolo-fastest-xl/yolo-fastest-1.1-xl']) {
  t.test(`${name} answers alike on both engines`, { skip }, async (t) => {
    const engine = new Engine();
    t.teardown(() => engine.close());
    const load = async (backend: 'onnx' | 'opencv') => {
      const files = path.join(models.path, name);
      const model = await engine.open({ backend, path: `${files}.weights`, configPath: `${files}.cfg` });
      await model.prepare({ classes: 80, inputWidth: 0, inputHeight: 0, instances: 1 });
      return async (image: NativeImage): Promise<Found[]> => {
        const { boxes, scores, classes } = await model.detect(image, minConfidence, new Ticket());
        return Array.from(classes, (id, i) => ({
          label: String(id),
          confidence: scores[i] ?? 0,
          box: [...boxes.subarray(4 * i, 4 * i + 4)] as unknown as Box,
        }));
      };
    };
    const [ours, theirs] = [await load('onnx'), await load('opencv')];
    let compared = 0;
    for (const photo of (await readdir(shared('images/photos').path)).sort()) {
      const image = await engine.decode(await readFile(shared(`images/photos/${photo}`).path), new Ticket());
      const found = await ours(image);
      const difference = compare(found, await theirs(image), minConfidence);
      image.release();
      compared += found.length;
      t.ok(
        difference.labels_equal &&
          difference.max_box_difference <= most.pixels &&
          difference.max_confidence_difference <= most.confidence,
        `${photo}: ${found.length} detections, ${difference.max_box_difference} px, ` +
          difference.max_confidence_difference.toExponential(1),
      );
    }
    t.ok(compared > 40, `${compared} detections compared`);
  });
}
