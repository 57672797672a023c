/** Pages of which some parts are generated: each between `<!-- name -->` and `<!-- end -->`. */

/** The text of `page` with its parts made anew. Errors: a part has no markers. */
export function withParts(page: string, text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((whole, [name, part]) => {
    const [start, end] = [`<!-- ${name} -->\n`, '<!-- end -->'];
    const from = whole.indexOf(start);
    const to = whole.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`${page} has no part ${start.trim()} … ${end}`);
    return `${whole.slice(0, from + start.length)}\n${part}\n\n${whole.slice(to)}`;
  }, text);
}
