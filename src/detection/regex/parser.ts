/**
 * Python's regular expression syntax (the `re` module, Python 3.11) into a tree.
 *
 * What Python refuses is refused here, with Python's words. Refused beyond that: `\N{name}`, and patterns that are longer
 * or nested deeper than the limits. `\z` (Python 3.14) is known.
 */
import { limits } from '../../limits.js';
import { AtomParser, type Flags } from './atoms.js';
import { choice, condition, type Node, repeat, sequence, type Width } from './nodes.js';
import { patternInvalid } from './scanner.js';

/** Python's MAXREPEAT. */
const maxRepeat = 4_294_967_295;

const digit = /[0-9]/;
const octal = /[0-7]/;
const space = /[ \t\n\r\v\f]/;
const identifier = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;

interface Quantifier {
  readonly min: number;
  readonly max: number;
}

export interface ParsedPattern {
  readonly tree: Node;
  /** Groups that a back-reference or a condition asks about, ascending. */
  readonly referenced: readonly number[];
  /** Nodes of the tree. */
  readonly size: number;
}

/** @throws ZmdetectError PATTERN_INVALID */
export function parsePattern(source: string): ParsedPattern {
  const { value } = limits.patternCharacters;
  if (source.length > value) throw patternInvalid(source, `longer than ${value} characters: use a shorter one`);
  return new Parser(source).parse();
}

class Parser extends AtomParser {
  /** Widths by number, from 1; undefined while the group is open. */
  readonly #groups: (Width | undefined)[] = [undefined];
  readonly #names = new Map<string, number>();
  /** Groups that conditions name, with the place: a condition may stand before its group. */
  readonly #conditions = new Map<number, number>();
  readonly #referenced = new Set<number>();
  /** The first group that begins inside of the outermost look-behind that is open; Infinity: none is open. */
  #lookBehindGroup = Number.POSITIVE_INFINITY;

  parse(): ParsedPattern {
    const tree = this.#choice(0);
    if (this.peek() !== undefined) this.fail('unbalanced parenthesis');
    for (const [group, position] of this.#conditions) {
      if (group >= this.#groups.length) this.fail(`invalid group reference ${group}`, position);
    }
    return { tree, referenced: [...this.#referenced].sort((a, b) => a - b), size: this.size };
  }

  #choice(depth: number): Node {
    const { value } = limits.patternDepth;
    if (depth > value) this.fail(`more than ${value} groups inside each other`);
    const branches = [this.#sequence(depth, depth === 0)];
    while (this.take('|')) branches.push(this.#sequence(depth, false));
    return branches.length === 1 && branches[0] ? branches[0] : this.#counted(choice(branches));
  }

  #sequence(depth: number, first: boolean): Node {
    const items: Node[] = [];
    this.size += 1;
    for (;;) {
      if (this.flags.x) this.#skipSpace();
      const char = this.peek();
      if (char === undefined || char === '|' || char === ')') return sequence(items);
      this.pos++;
      const quantifier = this.#quantifier(char);
      if (quantifier) items.push(this.#repeat(items.pop(), quantifier));
      else {
        const atom = this.#atom(char, depth, first && items.length === 0);
        if (atom) items.push(this.#counted(atom));
      }
    }
  }

  #counted(node: Node): Node {
    this.size += 1;
    return node;
  }

  #skipSpace(): void {
    while (this.takeWhile(space) || this.peek() === '#') if (this.peek() === '#') this.takeWhile(/[^\n]/);
  }

  /** null: not a quantifier, as `{` often is. */
  #quantifier(char: string): Quantifier | null {
    if (char === '*') return { min: 0, max: Number.POSITIVE_INFINITY };
    if (char === '+') return { min: 1, max: Number.POSITIVE_INFINITY };
    if (char === '?') return { min: 0, max: 1 };
    if (char !== '{' || this.peek() === '}') return null;
    const start = this.pos;
    const low = this.takeWhile(digit);
    const high = this.take(',') ? this.takeWhile(digit) : low || 'none';
    if (high === 'none' || !this.take('}')) {
      this.pos = start;
      return null;
    }
    const min = Number(low || 0);
    const max = high ? Number(high) : Number.POSITIVE_INFINITY;
    if (min >= maxRepeat || (high && max >= maxRepeat)) this.fail('the repetition number is too large', start);
    if (max < min) this.fail('min repeat greater than max repeat', start);
    return { min, max };
  }

  #repeat(body: Node | undefined, { min, max }: Quantifier): Node {
    if (body === undefined || body.kind === 'edge') this.fail('nothing to repeat', this.pos - 1);
    if (body.kind === 'repeat') this.fail('multiple repeat', this.pos - 1);
    const mode = this.take('?') ? 'lazy' : this.take('+') ? 'possessive' : 'greedy';
    return this.#counted(repeat(body, min, max, mode));
  }

  /** null for what leaves nothing in the tree: comments and global flags. */
  #atom(char: string, depth: number, first: boolean): Node | null {
    const { m, s } = this.flags;
    if (char === '.') return s ? this.set([{ from: 0, to: 0x10ffff }]) : this.set([{ from: 10, to: 10 }], true);
    if (char === '^') return this.edge(m ? 'lineStart' : 'textStart');
    if (char === '$') return this.edge(m ? 'lineEnd' : 'lastLineEnd');
    if (char === '(') return this.#group(depth, first);
    if (char === '[') return this.class();
    if (char === '\\') return this.#escape();
    return this.char(char.codePointAt(0) ?? 0);
  }

  #escape(): Node {
    const start = this.pos - 1;
    const char = this.next();
    if (char === undefined) this.fail('bad escape (end of pattern)', start);
    const category = this.category(char);
    if (category) return this.set([category]);
    if (char === 'A') return this.edge('textStart');
    if (char === 'Z' || char === 'z') return this.edge('textEnd');
    if (char === 'b') return this.edge('word');
    if (char === 'B') return this.edge('notWord');
    if (char >= '1' && char <= '9') return this.#numberEscape(char, start);
    return this.char(this.charEscape(char, start));
  }

  /** `\12` is a group; `\123` the character of that octal number. */
  #numberEscape(first: string, start: number): Node {
    const number = first + this.takeWhile(digit, 1);
    if (/^[0-7]{2}$/.test(number) && octal.test(this.peek() ?? '')) {
      return this.char(this.octal(number + this.next(), start));
    }
    return this.#backreference(Number(number), `invalid group reference ${number}`, start + 1);
  }

  #backreference(index: number, unknown: string, position: number): Node {
    if (index >= this.#groups.length) this.fail(unknown, position);
    const width = this.#groups[index];
    if (!width) this.fail('cannot refer to an open group', position);
    this.#checkLookBehind(index, position);
    this.#referenced.add(index);
    return { kind: 'reference', group: index, letterCase: this.letterCase(), width };
  }

  #checkLookBehind(group: number, position: number): void {
    if (this.#lookBehindGroup === Number.POSITIVE_INFINITY) return;
    if (this.#groups[group] === undefined) this.fail('cannot refer to an open group', position);
    if (group >= this.#lookBehindGroup) {
      this.fail('cannot refer to group defined in the same lookbehind subpattern', position);
    }
  }

  #group(depth: number, first: boolean): Node | null {
    const start = this.pos - 1;
    const outer = this.flags;
    const finish = (): Node => {
      const body = this.#choice(depth + 1);
      if (!this.take(')')) this.fail('missing ), unterminated subpattern', start);
      this.flags = outer;
      return body;
    };
    if (!this.take('?')) return this.#capture(finish);
    const char = this.next();
    if (char === undefined) this.fail('unexpected end of pattern');
    if (char === ':') return finish();
    if (char === '>') {
      const body = finish();
      return { kind: 'atomic', body, width: body.width };
    }
    if (char === '=' || char === '!') {
      return { kind: 'look', behind: false, negated: char === '!', body: finish(), width: [0, 0] };
    }
    if (char === '<') return this.#lookBehind(finish, start);
    if (char === 'P') return this.#named(finish, start);
    if (char === '#') {
      this.takeUntil(')', 'missing ), unterminated comment');
      return null;
    }
    if (char === '(') return this.#condition(finish, start);
    if (char !== '-' && !'aiLmsux'.includes(char)) this.fail(`unknown extension ?${char}`, start + 1);
    return this.#flagGroup(char, finish, first, start);
  }

  #capture(finish: () => Node, name?: string): Node {
    const index = this.#groups.push(undefined) - 1;
    if (name !== undefined) this.#names.set(name, index);
    const body = finish();
    this.#groups[index] = body.width;
    return { kind: 'group', group: index, body, width: body.width };
  }

  #lookBehind(finish: () => Node, start: number): Node {
    const char = this.next();
    if (char !== '=' && char !== '!') this.fail(`unknown extension ?<${char ?? ''}`, start + 1);
    const outer = this.#lookBehindGroup;
    this.#lookBehindGroup = Math.min(outer, this.#groups.length);
    const body = finish();
    this.#lookBehindGroup = outer;
    const [min, max] = body.width;
    if (min !== max) this.fail('look-behind requires fixed-width pattern', start);
    return { kind: 'look', behind: true, negated: char === '!', body, width: [0, 0] };
  }

  /** `(?(1)yes|no)` and `(?(name)yes|no)`. */
  #condition(finish: () => Node, start: number): Node {
    const at = this.pos;
    const name = this.takeUntil(')', 'missing ), unterminated name');
    const index = this.#conditionGroup(name, at);
    this.#checkLookBehind(index, at);
    this.#referenced.add(index);
    const body = finish();
    const branches = body.kind === 'choice' ? body.branches : [body];
    const [yes, no = sequence([]), ...more] = branches;
    if (more.length > 0 || !yes) this.fail('conditional backref with more than two branches', start);
    return condition(index, yes, no);
  }

  #conditionGroup(name: string, at: number): number {
    if (name === '') this.fail('missing group name', at);
    if (identifier.test(name)) {
      const index = this.#names.get(name);
      if (index === undefined) this.fail(`unknown group name '${name}'`, at);
      return index;
    }
    if (!/^[0-9]+$/.test(name)) this.fail(`bad character in group name '${name}'`, at);
    const index = Number(name);
    if (index === 0) this.fail('bad group number', at);
    if (!this.#conditions.has(index)) this.#conditions.set(index, at);
    return index;
  }

  /** `(?P<name>...)` and `(?P=name)`. */
  #named(finish: () => Node, start: number): Node {
    const char = this.next();
    if (char !== '<' && char !== '=') this.fail(`unknown extension ?P${char ?? ''}`, start + 1);
    const at = this.pos;
    const name = this.takeUntil(char === '<' ? '>' : ')', 'missing end of group name');
    if (!identifier.test(name)) this.fail(`bad character in group name '${name}'`, at);
    const index = this.#names.get(name);
    if (char === '=') return this.#backreference(index ?? this.#groups.length, `unknown group name '${name}'`, at);
    if (index !== undefined) this.fail(`redefinition of group name '${name}'`, at);
    return this.#capture(finish, name);
  }

  /** `(?i)` for the whole pattern, `(?i-s:...)` for a part. */
  #flagGroup(firstChar: string, finish: () => Node, first: boolean, start: number): Node | null {
    const letters = this.takeWhile(/[a-zA-Z-]/);
    const [on = '', off, ...more] = (firstChar + letters).split('-');
    if (/[^aiLmsux]/.test(on + (off ?? '')) || more.length > 0) this.fail('unknown flag', start + 2);
    if (on.includes('L')) this.fail("bad inline flags: cannot use 'L' flag with a str pattern", start);
    if (on.includes('a') && on.includes('u')) this.fail("bad inline flags: flags 'a' and 'u' are incompatible", start);
    const end = this.next();
    if (end === ')' && off === undefined) {
      if (!first) this.fail('global flags not at the start of the expression', start);
      this.flags = switched(this.flags, on, '');
      return null;
    }
    if (end !== ':') this.fail('missing : or )');
    if (off === '') this.fail('missing flag', this.pos - 1);
    if (/[auL]/.test(off ?? '')) this.fail("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", start);
    if (Array.from(on).some((flag) => off?.includes(flag)))
      this.fail('bad inline flags: flag turned on and off', start);
    this.flags = switched(this.flags, on, off ?? '');
    return finish();
  }
}

function switched(flags: Flags, on: string, off: string): Flags {
  const state = (flag: keyof Flags): boolean => (flags[flag] || on.includes(flag)) && !off.includes(flag);
  // `u` is the default; naming it turns `a` off again.
  return { i: state('i'), m: state('m'), s: state('s'), x: state('x'), a: state('a') && !on.includes('u') };
}
