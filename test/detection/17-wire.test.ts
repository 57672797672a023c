import t from 'tap';
import type { FrameResult } from '../../src/detection/detection.js';
import { emptyFrame, resultJson, urlsReply } from '../../src/detection/wire.js';
import { detection } from '../support/detections.js';

const frame: FrameResult = {
  frameId: 'single',
  detections: [
    detection({ label: 'person', confidence: Math.fround(0.9), box: [338, 175, 462, 425], modelName: 'yard' }),
    detection({ label: 'ann', confidence: 0.5, box: [-19, 262, 31, 338], modelName: 'dlib', type: 'face' }),
  ],
  errorBoxes: [[900, 40, 980, 120]],
  size: { width: 1280, height: 720 },
};

t.test('a result is written with its keys in order, height first and nothing rounded', async (t) => {
  t.equal(
    JSON.stringify(resultJson(frame)),
    '{"boxes":[[338,175,462,425],[-19,262,31,338]],"labels":["person","ann"],' +
      '"confidences":[0.8999999761581421,0.5],"frame_id":"single",' +
      '"image_dimensions":{"original":[720,1280],"resized":null},"error_boxes":[[900,40,980,120]],' +
      '"model_names":["yard","dlib"],"detection_types":["object","face"],"polygons":[]}',
  );
});

const nothing =
  '{"boxes":[],"labels":[],"confidences":[],"frame_id":null,"image_dimensions":{},"error_boxes":[],' +
  '"model_names":[],"detection_types":[],"polygons":[]';

t.test('no frame gives empty arrays, no frame_id, no dimensions and no image', async (t) => {
  t.equal(JSON.stringify(resultJson(emptyFrame)), `${nothing}}`);
  t.equal(JSON.stringify(urlsReply(null, [])), `${nothing},"results":[]}`);
});

t.test('a URL reply has the best frame at the top and all frames in results', async (t) => {
  const snapshot = { ...frame, frameId: 'snapshot', detections: [] };
  const alarm = { ...frame, frameId: 'alarm' };
  const reply = urlsReply({ ...alarm, detections: alarm.detections.slice(0, 1) }, [snapshot, alarm]);
  t.strictSame(Object.keys(reply), [...Object.keys(resultJson(frame)), 'results']);
  t.match(reply, { frame_id: 'alarm', labels: ['person'], error_boxes: [[900, 40, 980, 120]] });
  t.strictSame(
    reply.results.map(({ frame_id }) => frame_id),
    ['snapshot', 'alarm'],
  );
  t.strictSame(reply.results[1]?.labels, ['person', 'ann'], 'not filtered by zones');
  t.strictSame(
    reply.results.map(({ error_boxes }) => error_boxes),
    [[], []],
  );
});
