/** The `names` metadata of an ONNX file: a Python dictionary in text, such as `{0: 'person', 1: "driver's seat"}`. */
import { ZmdetectError } from '../errors.js';

/** Characters of the text, and one more than the highest class number, beyond which it is not taken for names. */
const maxLength = 1024 * 1024;
const maxClasses = 65_536;

/** Blanks, then a bracket, comma or colon, a whole number, or a quoted text on one line. */
const token =
  /(\s*)(?:([{}:,])|([+-]?\d+(?:_\d+)*)|'([^'\\\n]*(?:\\[\s\S][^'\\\n]*)*)'|"([^"\\\n]*(?:\\[\s\S][^"\\\n]*)*)")/y;

interface Token {
  readonly kind: 'mark' | 'number' | 'text' | 'end';
  readonly value: string;
  readonly at: number;
}

/**
 * The names by class number; a number that is left out gets an empty name, and of a number given twice the last name
 * counts. Numbers may be quoted. Anything else, a list included, is refused with the place where it went wrong:
 * ZmdetectError MODEL_LABELS_MISSING.
 */
export function parseOnnxNames(text: string): string[] {
  if (text.length > maxLength) throw fault('is too long', 0);
  const tokens = tokensOf(text);
  let position = 0;
  const next = (): Token => tokens[position] as Token;
  const expect = (what: string, test: (token: Token) => boolean): Token => {
    const taken = next();
    if (!test(taken)) throw fault(`has ${shown(taken)} where ${what} should be`, taken.at);
    position++;
    return taken;
  };
  const isMark = (mark: string) => (token: Token) => token.kind === 'mark' && token.value === mark;

  const labels: string[] = [];
  expect('{', isMark('{'));
  while (!isMark('}')(next())) {
    const key = expect('a class number', ({ kind }) => kind === 'number' || kind === 'text');
    const id = classNumber(key);
    expect('a colon', isMark(':'));
    const { value } = expect('a quoted name', ({ kind }) => kind === 'text');
    while (labels.length < id) labels.push('');
    labels[id] = value;
    if (!isMark('}')(next())) expect('a comma or }', isMark(','));
  }
  position++;
  expect('the end', ({ kind }) => kind === 'end');
  if (labels.length === 0) throw fault('holds no names', 0);
  return labels;
}

/** The last token is always the end. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  for (token.lastIndex = 0; token.lastIndex < end;) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match === null) {
      const rest = text.slice(from).trimStart();
      throw fault(
        `has ${JSON.stringify(rest.slice(0, 12))}, which belongs in no dictionary`,
        text.length - rest.length,
      );
    }
    const [, blanks = '', mark, number, single, double] = match;
    const at = from + blanks.length;
    if (mark !== undefined) tokens.push({ kind: 'mark', value: mark, at });
    else if (number !== undefined) tokens.push({ kind: 'number', value: number, at });
    else
      tokens.push({
        kind: 'text',
        value: withoutEscapes(single ?? double ?? '', at),
        at,
      });
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
    reason: `the names in the ONNX file are not readable: the text ${what} (character ${at + 1})`,
  });
}
