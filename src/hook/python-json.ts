/** JSON as Python's `json.dumps` writes it, for readers that compare text: blanks after `,` and `:`, ASCII only. */

/** A number that Python holds as a float, so that 1 is written 1.0. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type PythonValue =
  null | boolean | number | string | Float | readonly PythonValue[] | { readonly [key: string]: PythonValue };

export function pythonJson(value: PythonValue): string {
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === 'string') return asciiText(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(pythonJson).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${asciiText(key)}: ${pythonJson(item)}`)
    .join(', ')}}`;
}

function isList(value: object): value is readonly PythonValue[] {
  return Array.isArray(value);
}

function asciiText(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) =>
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Both languages write the shortest digits that read back the same; they differ in when they use an exponent. */
function floatText(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
