/** Stands in for a detection server on the loopback: one generation's routes, and faults where a test wants some. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';

export type Generation = 'G1' | 'G2' | 'G4' | 'zmdetectd';

export interface Asked {
  readonly method: string;
  readonly route: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text goes out as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Milliseconds. */
  readonly delay?: number;
}

/** `hang`: no answer ever; `cut`: the connection ends after half of an answer. */
type Answer = Reply | 'hang' | 'cut';
export type Answers = Readonly<Record<string, (asked: Asked, count: number) => Answer>>;

/** What the server says of itself, in the parts that a client may look at. */
const descriptions: Readonly<Record<Generation, readonly string[]>> = {
  G1: ['/health', '/models', '/login', '/detect', '/detect_urls'],
  G2: ['/health', '/models', '/login', '/detect', '/detect_urls'],
  G4: ['/health', '/models', '/login', '/infer'],
  zmdetectd: ['/health', '/models', '/login', '/detect', '/detect_urls', '/infer'],
};

export class FakeGateway {
  /** Every request but those for the description, in order. */
  readonly asked: Asked[] = [];
  /** The most requests that were being answered at a time. */
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #server;
  readonly #generation: Generation;
  readonly #answers: Answers;

  private constructor(generation: Generation, answers: Answers) {
    this.#generation = generation;
    this.#answers = answers;
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  /** `answers`: by route; it gets the request and how often the route was asked, from 1. */
  static async start(t: Test, generation: Generation, answers: Answers): Promise<FakeGateway> {
    const gateway = new FakeGateway(generation, answers);
    gateway.#server.listen(0, '127.0.0.1');
    await once(gateway.#server, 'listening');
    t.teardown(() => gateway.stop());
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  routes(): string[] {
    return this.asked.map(({ route }) => route);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const route = request.url ?? '';
    const own = this.#answers[route];
    if (route === '/openapi.json' && own === undefined) {
      send(response, { body: { paths: Object.fromEntries(descriptions[this.#generation].map((path) => [path, {}])) } });
      return;
    }
    const asked = { method: request.method ?? '', route, headers: request.headers, body: Buffer.concat(chunks) };
    this.asked.push(asked);
    const count = this.asked.filter((other) => other.route === route).length;
    const answer = own?.(asked, count) ?? { status: 404, body: { detail: 'Not Found' } };
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    response.on('close', () => (this.#atOnce -= 1));
    if (answer === 'hang') return;
    if (answer === 'cut') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      response.write('{"boxes": [', () => response.socket?.destroy());
      return;
    }
    if (answer.delay !== undefined) await wait(answer.delay);
    send(response, answer);
  }
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Reply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

/** A person of 90 % in the middle of a picture of 640 x 480, as `/detect` tells it. */
export function result(fields: object = {}): object {
  return {
    boxes: [[100, 100, 200, 300]],
    labels: ['person'],
    confidences: [0.9],
    frame_id: 'single',
    image_dimensions: { original: [480, 640], resized: null },
    error_boxes: [],
    model_names: ['yard'],
    polygons: [],
    ...fields,
  };
}

/** The same as `/infer` tells it. */
export function inferred(...labels: string[]): object {
  const detections = labels.map((label) => ({
    label,
    confidence: 0.9,
    box: [100, 100, 200, 300],
    type: 'object',
    model_name: 'yard',
  }));
  return { detections, error: null };
}
