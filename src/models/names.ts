/**
 * The names of the classes as exporters write them into a model file: a Python or JSON dictionary, list or tuple, such as
 * `{0: 'person', 1: "driver's seat"}`; or words with commas or line breaks between them.
 */
import { ZmdetectError } from '../errors.js';
import { limits } from '../limits.js';

const maxLength = limits.labelBytes.value;
const maxClasses = limits.labels.value;

/** Blanks, then a bracket, comma or colon, a number, a quoted text on one line, or a word of Python or JSON. */
const token =
  /(\s*)(?:([{}[\]():,])|([+-]?\d+(?:_\d+)*(?:\.\d+)?)|u?'([^'\\\n]*(?:\\[\s\S][^'\\\n]*)*)'|u?"([^"\\\n]*(?:\\[\s\S][^"\\\n]*)*)"|(None|null)\b)/y;

interface Token {
  readonly kind: 'mark' | 'number' | 'text' | 'nothing' | 'end';
  readonly value: string;
  readonly at: number;
}

/**
 * The names by class number. In a dictionary a number that is left out gets an empty name, of a number given twice the
 * last name counts, and numbers may be quoted; a name may be a number; `None` is an empty name. Anything else is refused
 * with the place where it went wrong: ZmdetectError MODEL_LABELS_MISSING.
 */
export function parseNames(text: string): string[] {
  if (text.length > maxLength) throw fault('is too long', 0);
  const labels = /^\s*[{[(]/.test(text) ? new Parser(tokensOf(text)).parse() : parseWords(text);
  if (labels.every((label) => label.trim() === '')) throw fault('holds no names', 0);
  return labels;
}

/** `person, bicycle` or one name a line; a number alone, `None` and nothing at all name no class. */
function parseWords(text: string): string[] {
  const trimmed = text.trim();
  if (trimmed === '' || /^(?:None|null|[\d.]+)$/.test(trimmed)) throw fault('holds no names', 0);
  const odd = /[{}[\]()'"]/.exec(trimmed);
  if (odd !== null)
    throw fault(`has ${JSON.stringify(trimmed.slice(odd.index, odd.index + 12))} outside of brackets`, odd.index);
  const words = trimmed.split(/\r\n|\n|\r/.test(trimmed) ? /\r\n|\n|\r/ : ',').map((word) => word.trim());
  if (words.at(-1) === '') words.pop();
  if (words.length > maxClasses) throw fault(`holds more than ${maxClasses} names`, 0);
  return words;
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  /** The last token is always the end. */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): string[] {
    const opening = this.#take('a bracket', ({ kind }) => kind === 'mark').value;
    const labels = opening === '{' ? this.#dictionary() : this.#list(opening === '[' ? ']' : ')');
    this.#take('the end', ({ kind }) => kind === 'end');
    return labels;
  }

  #dictionary(): string[] {
    const labels: string[] = [];
    this.#items('}', () => {
      const id = classNumber(this.#take('a class number', ({ kind }) => kind === 'number' || kind === 'text'));
      this.#take('a colon', isMark(':'));
      const name = this.#name();
      while (labels.length < id) labels.push('');
      labels[id] = name;
    });
    return labels;
  }

  #list(closing: string): string[] {
    const labels: string[] = [];
    this.#items(closing, () => {
      labels.push(this.#name());
      if (labels.length > maxClasses) throw fault(`holds more than ${maxClasses} names`, 0);
    });
    return labels;
  }

  #items(closing: string, item: () => void): void {
    while (!isMark(closing)(this.#next)) {
      item();
      if (!isMark(closing)(this.#next)) this.#take(`a comma or ${closing}`, isMark(','));
    }
    this.#position++;
  }

  #name(): string {
    const { kind, value } = this.#take('a quoted name', ({ kind }) => kind !== 'mark' && kind !== 'end');
    return kind === 'nothing' ? '' : value;
  }

  get #next(): Token {
    return this.#tokens[this.#position] as Token;
  }

  #take(what: string, test: (token: Token) => boolean): Token {
    const taken = this.#next;
    if (!test(taken)) throw fault(`has ${shown(taken)} where ${what} should be`, taken.at);
    this.#position++;
    return taken;
  }
}

const isMark = (mark: string) => (token: Token) => token.kind === 'mark' && token.value === mark;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  for (token.lastIndex = 0; token.lastIndex < end;) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match === null) {
      const rest = text.slice(from).trimStart();
      throw fault(`has ${JSON.stringify(rest.slice(0, 12))}, which belongs in no list`, text.length - rest.length);
    }
    const [, blanks = '', mark, number, single, double, nothing] = match;
    const at = from + blanks.length;
    if (mark !== undefined) tokens.push({ kind: 'mark', value: mark, at });
    else if (number !== undefined) tokens.push({ kind: 'number', value: number, at });
    else if (nothing !== undefined) tokens.push({ kind: 'nothing', value: nothing, at });
    else tokens.push({ kind: 'text', value: withoutEscapes(single ?? double ?? '', at), at });
  }
  tokens.push({ kind: 'end', value: '', at: end });
  return tokens;
}

function classNumber({ value, at }: Token): number {
  const digits = value.trim();
  const id = /^[+-]?\d+(?:_\d+)*$/.test(digits) ? Number(digits.replaceAll('_', '')) : Number.NaN;
  if (!(id >= 0 && id < maxClasses)) {
    throw fault(`has the class number ${JSON.stringify(value.slice(0, 20))}: expected 0 to ${maxClasses - 1}`, at);
  }
  return id + 0;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Python's escapes, but for `\N{...}`; a backslash before a character that means nothing there stays. */
function withoutEscapes(source: string, at: number): string {
  return source.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, ...[x, u, U, octal, simple = '']: (string | undefined)[]) => {
      const codePoint = octal === undefined ? Number.parseInt(x ?? u ?? U ?? '', 16) : Number.parseInt(octal, 8);
      if (codePoint <= 0x10ffff) return String.fromCodePoint(codePoint);
      if (simple === '' || 'xuUN'.includes(simple))
        throw fault(`has the escape ${whole}, which is cut short or unknown`, at);
      return simpleEscapes[simple] ?? whole;
    },
  );
}

function shown({ kind, value }: Token): string {
  return kind === 'end' ? 'its end' : JSON.stringify(value.slice(0, 20));
}

function fault(what: string, at: number): ZmdetectError {
  return new ZmdetectError('MODEL_LABELS_MISSING', {
    reason: `the names in the model file are not readable: the text ${what} (character ${at + 1})`,
  });
}
