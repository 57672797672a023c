/**
 * Whether a pattern matches at the start of a label, by sets of positions.
 *
 * For a node and the state in which it begins, the matcher computes every state in which it can end, in the order in
 * which a backtracking engine tries them, and remembers the answer. Nothing is tried twice, so that no pattern takes
 * exponential time; back-references, whose captures are part of the state, can still take long, and so each step counts
 * against a budget.
 */
import { isInSet, isWord, lower } from './characters.js';
import type { Edge, Node, NodeOf } from './nodes.js';
import type { ParsedPattern } from './parser.js';

/** Counts what the matcher does. `take` throws when the budget is used up. */
export interface Steps {
  take(count: number): void;
}

/** @throws what `steps.take` throws */
export function matchesAtStart(pattern: ParsedPattern, label: string, steps: Steps): boolean {
  return new Matcher(pattern, label, steps).matches();
}

/**
 * A number. Without captures it is the position; with captures, an index into the list of {@link Captures}, beyond the
 * positions.
 */
type State = number;

interface Captures {
  readonly position: number;
  /** Start and end of each referenced group; -1 where it has not matched. */
  readonly spans: readonly number[];
}

const none: readonly State[] = [];

class Matcher {
  readonly #tree: Node;
  readonly #points: readonly number[];
  readonly #steps: Steps;
  /** By group number: the index of its start in `spans`. */
  readonly #slots: ReadonlyMap<number, number>;
  readonly #captures: Captures[] = [];
  readonly #states = new Map<string, State>();
  readonly #ends = new Map<Node, Map<State, readonly State[]>>();

  constructor({ tree, referenced }: ParsedPattern, label: string, steps: Steps) {
    steps.take(label.length);
    this.#tree = tree;
    this.#points = Array.from(label, (char) => char.codePointAt(0) ?? 0);
    this.#steps = steps;
    this.#slots = new Map(referenced.map((group, index) => [group, 2 * index]));
  }

  matches(): boolean {
    return this.#from(this.#tree, 0).length > 0;
  }

  /** The states in which the node can end when it begins in `start`, each once, the preferred one first. */
  #from(node: Node, start: State): readonly State[] {
    if (node.kind === 'set') return this.#set(node, start);
    if (node.kind === 'sequence' && node.items.length === 1 && node.items[0]) return this.#from(node.items[0], start);
    this.#steps.take(1);
    if (node.kind === 'edge') return this.#isAt(node.edge, node.ascii, this.#position(start)) ? [start] : none;
    let known = this.#ends.get(node);
    if (known === undefined) this.#ends.set(node, (known = new Map<State, readonly State[]>()));
    let ends = known.get(start);
    if (ends === undefined) known.set(start, (ends = this.#compute(node, start)));
    return ends;
  }

  #compute(node: Exclude<Node, { kind: 'set' | 'edge' }>, start: State): readonly State[] {
    switch (node.kind) {
      case 'sequence':
        return this.#sequence(node.items, start);
      case 'choice':
        return this.#choice(node.branches, start);
      case 'group':
        return this.#group(node, start);
      case 'atomic':
        return this.#from(node.body, start).slice(0, 1);
      case 'look':
        return this.#look(node, start);
      case 'reference':
        return this.#reference(node, start);
      case 'condition':
        return this.#from(this.#span(start, node.group) === null ? node.no : node.yes, start);
      case 'repeat':
        if (node.mode === 'possessive') return this.#possessive(node, start);
        return node.body.kind === 'set' ? this.#run(node, node.body, start) : this.#repeat(node, start);
    }
  }

  #set(node: NodeOf<'set'>, start: State): readonly State[] {
    const position = this.#position(start);
    return this.#isIn(node, position) ? [this.#at(start, position + 1)] : none;
  }

  #isIn(node: NodeOf<'set'>, position: number): boolean {
    this.#steps.take(1);
    const point = this.#points[position];
    return point !== undefined && isInSet(node, point);
  }

  #sequence(items: readonly Node[], start: State): readonly State[] {
    let states: readonly State[] = [start];
    for (const item of items) {
      const [first] = states;
      if (first === undefined) return none;
      if (states.length === 1) {
        states = this.#from(item, first);
        continue;
      }
      const union = new Set<State>();
      for (const state of states) this.#add(this.#from(item, state), union);
      states = [...union];
    }
    return states;
  }

  #choice(branches: readonly Node[], start: State): readonly State[] {
    const union = new Set<State>();
    for (const branch of branches) this.#add(this.#from(branch, start), union);
    return [...union];
  }

  /** A state that is there already keeps its place. */
  #add(states: readonly State[], union: Set<State>): void {
    this.#steps.take(states.length);
    for (const state of states) union.add(state);
  }

  #group(node: NodeOf<'group'>, start: State): readonly State[] {
    const ends = this.#from(node.body, start);
    const slot = this.#slots.get(node.group);
    if (slot === undefined) return ends;
    const from = this.#position(start);
    return [...new Set(ends.map((end) => this.#captured(end, slot, from)))];
  }

  /** What is captured inside stays; a position that is tested but not taken is not moved. */
  #look({ behind, negated, body }: NodeOf<'look'>, start: State): readonly State[] {
    const position = this.#position(start);
    const from = behind ? position - body.width[0] : position;
    const [end] = from < 0 ? none : this.#from(body, this.#at(start, from));
    if (negated) return end === undefined ? [start] : none;
    return end === undefined ? none : [this.#at(end, position)];
  }

  #reference({ group, letterCase }: NodeOf<'reference'>, start: State): readonly State[] {
    const span = this.#span(start, group);
    if (span === null) return none;
    const position = this.#position(start);
    const length = span.end - span.start;
    this.#steps.take(length);
    for (let index = 0; index < length; index++) {
      const [wanted, found] = [this.#points[span.start + index], this.#points[position + index]];
      if (wanted === undefined || found === undefined) return none;
      if (lower(wanted, letterCase) !== lower(found, letterCase)) return none;
    }
    return [this.#at(start, position + length)];
  }

  /** A repeated set: each length of the run is one end. */
  #run(node: NodeOf<'repeat'>, set: NodeOf<'set'>, start: State): readonly State[] {
    const position = this.#position(start);
    let length = 0;
    while (length < node.max && this.#isIn(set, position + length)) length += 1;
    const ends: State[] = [];
    for (let count = node.min; count <= length; count++) ends.push(this.#at(start, position + count));
    this.#steps.take(ends.length);
    return node.mode === 'lazy' ? ends : ends.reverse();
  }

  /**
   * Depth first, with a stack of its own: as many repetitions as a label allows would be too many for the machine's. As in
   * Python, a repetition that consumes nothing is the last one, once there are enough.
   */
  #repeat({ body, min, max, mode }: NodeOf<'repeat'>, start: State): readonly State[] {
    const left = this.#points.length - this.#position(start);
    // Each repetition takes a character or more: a count beyond the label's end is out of reach.
    if (body.width[0] > 0 && min * body.width[0] > left) return none;
    const most = body.width[0] > 0 && max > left ? Number.POSITIVE_INFINITY : max;
    const found = new Set<State>();
    const visited = new Set<number>();
    const stack: Repetition[] = [];
    const visit = (state: State, count: number): void => {
      // As much work as several other steps.
      this.#steps.take(3);
      // Without an upper limit, only the way to the lower one counts.
      const key = (most === Number.POSITIVE_INFINITY ? Math.min(count, min) : count) * manyStates + state;
      if (visited.has(key)) return;
      visited.add(key);
      if (mode === 'lazy' && count >= min) found.add(state);
      stack.push({ state, count, ends: count < most ? this.#from(body, state) : none, next: 0 });
    };
    visit(start, 0);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { state, count, ends } = top;
      const end = ends[top.next++];
      if (end === undefined) {
        if (count >= min) found.add(state);
        stack.pop();
      } else if (count >= min && this.#position(end) === this.#position(state)) {
        this.#steps.take(1);
        found.add(end);
      } else {
        visit(end, count + 1);
      }
    }
    return [...found];
  }

  /** As in Python, each repetition takes its first way, and none is tried again. */
  #possessive({ body, min, max }: NodeOf<'repeat'>, start: State): readonly State[] {
    let state = start;
    for (let count = 0; count < max; count++) {
      this.#steps.take(1);
      const [end] = this.#from(body, state);
      if (end === undefined) return count < min ? none : [state];
      const isEmpty = this.#position(end) === this.#position(state);
      state = end;
      if (isEmpty && count >= min) break;
    }
    return [state];
  }

  #isAt(edge: Edge, ascii: boolean, position: number): boolean {
    const points = this.#points;
    const isEnd = position === points.length;
    switch (edge) {
      case 'textStart':
        return position === 0;
      case 'textEnd':
        return isEnd;
      case 'lineStart':
        return position === 0 || points[position - 1] === newline;
      case 'lineEnd':
        return isEnd || points[position] === newline;
      case 'lastLineEnd':
        return isEnd || (position === points.length - 1 && points[position] === newline);
      default: {
        // In an empty text Python finds neither \b nor \B.
        if (points.length === 0) return false;
        const [before, after] = [points[position - 1], points[position]];
        const changes =
          (before !== undefined && isWord(before, ascii)) !== (after !== undefined && isWord(after, ascii));
        return changes === (edge === 'word');
      }
    }
  }

  #position(state: State): number {
    return state <= this.#points.length ? state : this.#capturesOf(state).position;
  }

  /** The state with the same captures at another position. */
  #at(state: State, position: number): State {
    return state <= this.#points.length ? position : this.#state(position, this.#capturesOf(state).spans);
  }

  #captured(state: State, slot: number, from: number): State {
    const spans = [...this.#spansOf(state)];
    const position = this.#position(state);
    spans[slot] = from;
    spans[slot + 1] = position;
    return this.#state(position, spans);
  }

  #span(state: State, group: number): { readonly start: number; readonly end: number } | null {
    const slot = this.#slots.get(group) ?? 0;
    const spans = this.#spansOf(state);
    const [start = -1, end = -1] = [spans[slot], spans[slot + 1]];
    return start < 0 ? null : { start, end };
  }

  #spansOf(state: State): readonly number[] {
    if (state > this.#points.length) return this.#capturesOf(state).spans;
    return new Array<number>(2 * this.#slots.size).fill(-1);
  }

  #capturesOf(state: State): Captures {
    const captures = this.#captures[state - this.#points.length - 1];
    if (captures === undefined) throw new RangeError(`no state ${state}`);
    return captures;
  }

  /** Equal captures at one position are one state. */
  #state(position: number, spans: readonly number[]): State {
    this.#steps.take(1 + spans.length);
    const key = `${position} ${spans.join(' ')}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      this.#captures.push({ position, spans });
      this.#states.set(key, (state = this.#points.length + this.#captures.length));
    }
    return state;
  }
}

/** One repetition that is being tried. */
interface Repetition {
  readonly state: State;
  readonly count: number;
  readonly ends: readonly State[];
  next: number;
}

const newline = 10;
/** More than a budget of steps allows; times as many repetitions, it is still a whole number. */
const manyStates = 2 ** 26;
