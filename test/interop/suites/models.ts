/** Rows 11 to 15 of the acceptance matrix (wire generations, 11.4): who decides about thresholds, patterns and models. */
import type { Test } from 'tap';

import { type Call, type Client, scenario } from '../clients.js';
import { chosen, found } from '../expected.js';
import { freePort, modelFile, modelName, photos, rawDetections, startWithModel, Zoneminder } from '../world.js';

export default async function models(t: Test): Promise<void> {
  const weights = modelFile;
  const daemon = await startWithModel(t, {
    detector_config: {
      models: [
        { name: modelName, weights },
        { name: 'Yard YOLO', weights },
        { name: 'faces', type: 'face', weights },
      ],
    },
    serve_models: [modelName],
  });
  const zoneminder = await Zoneminder.start(t);
  const { animals } = photos();
  /** The daemon lets everything from 0.3 up through on the old routes. */
  const raw = { id: 'animals', detections: await rawDetections(daemon, animals.bytes, 'animals'), size: animals };
  type Model = Readonly<Record<string, unknown>>;
  const look = async (client: Client, models: readonly Model[], more: Partial<Call> = {}) => {
    const portal = zoneminder.portal();
    const stream = { frame_set: ['animals'] };
    const call = { do: 'event', portal: portal.url, monitor: [640, 424], stream, ...more } as Call;
    const detector = { gateway: daemon.url, gateway_mode: 'url', config: { models, frame_strategy: 'most' } } as const;
    return { result: await client.result(detector, call), asked: portal.asked() };
  };

  scenario(t, 'the old routes run the models that serve_models names', async (t, client) => {
    const { result } = await look(client, [{ name: modelName }]);
    found(t, result, chosen([raw], 'most'));
    t.same([...new Set(result.model_names)], [modelName]);
  });

  scenario(
    t,
    'min_confidence and pattern of the client’s models, on top of the server’s',
    async (t, client) => {
      const strict = await look(client, [
        { name: 'a', min_confidence: 0.9 },
        { name: 'b', min_confidence: 0.91 },
      ]);
      found(t, strict.result, chosen([raw], 'most', { minConfidence: 0.9 }), 'the lowest of them');
      const lax = await look(client, [{ name: 'a', min_confidence: 0.05 }]);
      found(t, lax.result, chosen([raw], 'most'), 'below the server’s it has no effect');
      const pattern = { pattern: 'dog|horse' };
      const shared = await look(client, [
        { name: 'a', ...pattern },
        { name: 'b', ...pattern },
      ]);
      found(t, shared.result, chosen([raw], 'most', pattern), 'the pattern that all of them share');
      const apart = await look(client, [{ name: 'a', ...pattern }, { name: 'b' }]);
      found(t, apart.result, chosen([raw], 'most'), 'no common pattern');
    },
    { only: ['g3'] },
  );

  scenario(t, 'the client’s own pattern', async (t, client) => {
    const portal = zoneminder.portal();
    const config = { models: [{ name: modelName }], pattern: 'dog|horse', frame_strategy: 'most' };
    // The first generation leaves the pattern to the server.
    const pattern = client.generation === 'g1' ? {} : { pattern: 'dog|horse' };
    const result = await client.result(
      { gateway: daemon.url, gateway_mode: 'url', config },
      { do: 'event', portal: portal.url, monitor: [640, 424], stream: { frame_set: ['animals'] } },
    );
    found(t, result, chosen([raw], 'most', pattern));
  });

  scenario(
    t,
    'models by name: exact, alias, none, and never another one',
    async (t, client) => {
      const modelsOf = async (...models: Model[]) => (await look(client, models)).result.model_names;
      t.same(new Set(await modelsOf({ name: 'Yard YOLO' })), new Set(['Yard YOLO']));
      t.same(new Set(await modelsOf({ name: modelName })), new Set([modelName]));
      t.same(new Set(await modelsOf({})), new Set([modelName]), 'no name: the first');
      t.same(await modelsOf({ name: 'yard yolo' }), [], 'letter case counts');
      t.same(
        new Set(await modelsOf({ name: 'not there' }, { name: 'Yard YOLO' })),
        new Set(['Yard YOLO']),
        'a model that is not there is skipped, the next one answers',
      );
    },
    { only: ['g4'] },
  );

  scenario(
    t,
    'the client’s min_confidence replaces the server’s, for its request only',
    async (t, client) => {
      const before = await daemon.get('/models');
      const confidences = async (minConfidence: number) =>
        (await look(client, [{ name: modelName, min_confidence: minConfidence }])).result.confidences;
      const [low, middle, high] = [await confidences(0.02), await confidences(0.3), await confidences(0.9)];
      t.ok(
        low.length > middle.length && middle.length > high.length,
        `${low.length}, ${middle.length}, ${high.length}`,
      );
      t.strictSame(
        middle,
        low.filter((confidence) => confidence >= 0.3),
      );
      t.strictSame(
        high,
        low.filter((confidence) => confidence >= 0.9),
      );
      t.strictSame((await daemon.get('/models')).text, before.text, 'the models are as they were');
      t.equal(daemon.logged({ msg: 'model loaded', model: modelName }).length, 1, 'loaded once');
    },
    { only: ['g4'] },
  );

  scenario(
    t,
    'an object model and a face model are asked for by their types, about one fetched frame',
    async (t, client) => {
      const models = [{ name: modelName }, { name: 'faces', type: 'face', framework: 'face_dlib' }];
      const { result, asked } = await look(client, models);
      const { detections } = chosen([raw], 'most');
      t.same(
        result.model_names,
        [...detections.map(() => modelName), ...detections.map(() => 'faces')],
        'objects, then faces',
      );
      t.equal(asked.length, 1);
    },
    { only: ['g4'] },
  );

  scenario(
    t,
    'a cloud ALPR entry or a resize makes the client upload',
    async (t, client) => {
      const frames = [['animals', animals.path]];
      const alpr = {
        ...{ name: 'plates', type: 'alpr', framework: 'plate_recognizer', alpr_key: 'none' },
        alpr_url: `http://127.0.0.1:${await freePort()}`,
      };
      const cases: readonly [readonly Model[], Model][] = [
        [[{ name: modelName }, alpr], { frame_set: ['animals'] }],
        [[{ name: modelName }], { frame_set: ['animals'], resize: 640 }],
      ];
      for (const [models, stream] of cases) {
        const before = daemon.logged({ route: '/infer' }).length;
        const { result, asked } = await look(client, models, { frames, stream } as Partial<Call>);
        t.same(
          result.labels,
          raw.detections.map(({ label }) => label),
        );
        t.equal(asked.length, 0, 'the server fetched nothing');
        t.equal(daemon.logged({ route: '/infer' }).length, before + 1, 'and was asked about the object model only');
      }
    },
    { only: ['g4'] },
  );
}
