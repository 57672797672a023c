/** Every picture of the shared folder through POST /detect: an answer each, no crash, no hang, and a table of them. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';

import { startDaemon } from '../support/daemon.js';
import { shared } from '../support/shared.js';

/** What no decoder can make a picture of, or what is over the limit of 64 megapixels. */
const refused = new Set([
  'bomb_20000x14000_gray.jpg',
  'bomb_65536x65536.png',
  'bomb_header_60000.png',
  'bomb_header_65500.jpg',
  'corrupt_header.jpg',
  'jpeg_soi_only.jpg',
  'login_page.jpg',
  'text.jpg',
  'truncated_early.jpg',
  'truncated_half.jpg',
  'zero_byte.jpg',
]);

const images = shared('images');

t.test('every photo and every edge file gets its answer', { skip: images.skip }, async (t) => {
  const daemon = await startDaemon(t, { models: [shared('models/ultralytics/yolo11n.onnx').path] });
  for (const folder of ['photos', 'edge']) {
    for (const file of (await readdir(path.join(images.path, folder))).sort()) {
      const form = new FormData();
      form.set('file', new Blob([await readFile(path.join(images.path, folder, file))]), file);
      const answer = await fetch(`${daemon.url}/detect`, { method: 'POST', body: form });
      const body = (await answer.json()) as { labels?: string[]; detail?: string };
      const status = refused.has(file) ? 400 : 200;
      t.equal(answer.status, status, `${file}: ${answer.status} ${body.labels?.join(',') ?? body.detail}`);
    }
  }
});
