/** The atoms of Python's syntax that stand for one character: characters, escapes, categories and `[classes]`. */
import { type CaseRule, type Edge, type Node, set, type SetItem } from './nodes.js';
import { Scanner } from './scanner.js';

const digit = /[0-9]/;
const octal = /[0-7]/;
const hex = /[0-9a-fA-F]/;
const letter = /[a-zA-Z]/;
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };

export interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly a: boolean;
}

export class AtomParser extends Scanner {
  protected flags: Flags = { i: false, m: false, s: false, x: false, a: false };

  protected edge(edge: Edge): Node {
    return { kind: 'edge', edge, ascii: this.flags.a, width: [0, 0] };
  }

  protected char(code: number): Node {
    return this.set([{ from: code, to: code }]);
  }

  protected set(items: readonly SetItem[], negated = false): Node {
    return set(items, negated, this.letterCase());
  }

  protected letterCase(): CaseRule {
    if (!this.flags.i) return 'exact';
    return this.flags.a ? 'ignoreAscii' : 'ignore';
  }

  protected category(char: string): SetItem | null {
    const category = char.toLowerCase();
    if (category !== 'd' && category !== 'w' && category !== 's') return null;
    return { category, negated: category !== char, ascii: this.flags.a };
  }

  /** Escapes that mean the same inside and outside of a class: one code point. */
  protected charEscape(char: string, start: number): number {
    if (char === 'x') return this.#hex(char, 2, start);
    if (char === 'u') return this.#hex(char, 4, start);
    if (char === 'U') return this.#hex(char, 8, start);
    if (char === 'N') this.fail('names of characters are not supported; write \\uXXXX', start);
    if (char === '0') return this.octal(char + this.takeWhile(octal, 2), start);
    const control = controls[char];
    if (control !== undefined) return control;
    if (letter.test(char)) this.fail(`bad escape \\${char}`, start);
    return char.codePointAt(0) ?? 0;
  }

  #hex(char: string, length: number, start: number): number {
    const digits = this.takeWhile(hex, length);
    const code = Number.parseInt(digits, 16);
    if (digits.length !== length || code > 0x10ffff) this.fail(`incomplete or bad escape \\${char}${digits}`, start);
    return code;
  }

  protected octal(digits: string, start: number): number {
    const code = Number.parseInt(digits, 8);
    if (code > 0o377) this.fail(`octal escape value \\${digits} outside of range 0-0o377`, start);
    return code;
  }

  protected class(): Node {
    const start = this.pos - 1;
    const negated = this.take('^');
    const items: SetItem[] = [];
    // A bracket that comes first is an ordinary character.
    for (let first = true; first || !this.take(']'); first = false) {
      const from = this.#classItem(start);
      const dash = this.pos;
      if (!this.take('-')) items.push(from);
      else if (this.peek() === ']') items.push(from, { from: 45, to: 45 });
      else {
        const to = this.#classItem(start);
        if ('category' in from || 'category' in to) this.fail('bad character range', dash - 1);
        if (to.from < from.from) this.fail('bad character range', dash - 1);
        items.push({ from: from.from, to: to.from });
      }
    }
    return this.set(items, negated);
  }

  #classItem(start: number): SetItem {
    const at = this.pos;
    const char = this.next();
    if (char === undefined) this.fail('unterminated character set', start);
    if (char !== '\\') return point(char.codePointAt(0) ?? 0);
    const escaped = this.next();
    if (escaped === undefined) this.fail('bad escape (end of pattern)', at);
    const category = this.category(escaped);
    if (category) return category;
    if (escaped === 'b') return point(8);
    if (octal.test(escaped)) return point(this.octal(escaped + this.takeWhile(octal, 2), at));
    if (digit.test(escaped)) this.fail(`bad escape \\${escaped}`, at);
    return point(this.charEscape(escaped, at));
  }
}

function point(code: number): { from: number; to: number } {
  return { from: code, to: code };
}
