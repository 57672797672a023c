/** How large a YAML document becomes once its aliases are written out, counted before anything is written out. */
import { type ErrorCode, isAlias, isCollection, isMap, isPair, isScalar } from 'yaml';

import { limits } from '../limits.js';

/** The document has more than a limit allows, or an alias without an anchor above it (`BAD_ALIAS`). */
export class YamlTooLarge extends Error {
  /** In characters from the start. */
  readonly offset: number;
  readonly code: ErrorCode | undefined;

  constructor(message: string, offset: number, code?: ErrorCode) {
    super(message);
    this.name = 'YamlTooLarge';
    this.offset = offset;
    this.code = code;
  }
}

/**
 * Offsets of keys that stood before in their mapping. Visits each node once, in the order of the file.
 *
 * @throws YamlTooLarge
 */
export function measure(root: unknown): readonly number[] {
  const measurement = new Measurement();
  measurement.size(root, 0);
  return measurement.doubled;
}

class Measurement {
  readonly doubled: number[] = [];
  /** Nodes below an anchor; null while it is open. An anchor that comes again counts from there on. */
  readonly #anchors = new Map<string, number | null>();
  #aliases = 0;
  #total = 0;
  #offset = 0;

  /** Nodes, the node itself included, with all aliases written out. */
  size(node: unknown, depth: number): number {
    if (isPair(node)) return this.#key(node.key, depth) + this.size(node.value, depth);
    if (isAlias(node)) return this.#alias(node.source, node.range?.[0]);
    if (!isScalar(node) && !isCollection(node)) return 0;
    this.#offset = node.range?.[0] ?? this.#offset;
    if (depth > limits.yamlDepth.value)
      this.#fail(`more than ${limits.yamlDepth.value} lists and mappings inside each other`);
    this.#take(1);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, null);
    const size = isCollection(node) ? 1 + this.#sizeOfAll(node.items, depth + 1) : 1;
    if (isMap(node)) this.#findDoubled(node.items.map(({ key }) => key));
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, size);
    return size;
  }

  #key(key: unknown, depth: number): number {
    if (isCollection(key)) {
      this.#offset = key.range?.[0] ?? this.#offset;
      this.#fail('a list or a mapping stands where a key belongs; put text with { or [ into quotes');
    }
    return this.size(key, depth);
  }

  #sizeOfAll(nodes: readonly unknown[], depth: number): number {
    let sum = 0;
    for (const node of nodes) sum += this.size(node, depth);
    return sum;
  }

  #alias(anchor: string, offset = this.#offset): number {
    this.#offset = offset;
    const most = limits.yamlAliases.value;
    this.#aliases += 1;
    if (this.#aliases > most) this.#fail(`more than ${most} aliases: write the values themselves`);
    const size = this.#anchors.get(anchor);
    if (size === undefined) throw new YamlTooLarge('no such anchor', offset, 'BAD_ALIAS');
    if (size === null) this.#fail('an alias stands inside its own anchor: write the value itself');
    this.#take(size);
    return size;
  }

  #take(count: number): void {
    const most = limits.yamlNodes.value;
    this.#total += count;
    if (this.#total > most) {
      this.#fail(`more than ${most} keys and values, its aliases repeat too much or the file is too long: split it`);
    }
  }

  /** `<<` may come again: each merges another mapping. */
  #findDoubled(keys: readonly unknown[]): void {
    const seen = new Set<string>();
    for (const key of keys) {
      if (!isScalar(key) || key.value === '<<') continue;
      const name = `${typeof key.value} ${String(key.value)}`;
      if (seen.has(name)) this.doubled.push(key.range?.[0] ?? 0);
      seen.add(name);
    }
  }

  #fail(message: string): never {
    throw new YamlTooLarge(message, this.#offset);
  }
}
