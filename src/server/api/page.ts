/** The description as a page for people: no script, nothing from elsewhere. */
import type { ApiDocument, Json, OperationJson } from './document.js';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark; }
h2 { margin-top: 2.5rem; border-top: 1px solid #8886; padding-top: 1rem; }
code, pre { font: 0.875em/1.4 ui-monospace, monospace; }
pre { background: #8882; padding: 0.75rem; overflow-x: auto; }
p { white-space: pre-line; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; white-space: pre-line; }`;

export function apiPage({ info, paths, components }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => operationHtml(method.toUpperCase(), path, operation)),
  );
  const schemas = Object.entries(components.schemas).map(([name, schema]) => schemaHtml(name, schema));
  const title = escaped(`${info.title} ${info.version}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}
</style>
</head>
<body>
<h1>${title}</h1>
<p>${escaped(info.description)} The same for programs: <a href="openapi.json">openapi.json</a>.</p>
${operations.join('\n')}
<h2>Schemas</h2>
${schemas.join('\n')}
</body>
</html>
`;
}

function operationHtml(method: string, path: string, operation: OperationJson): string {
  const { summary, security, requestBody, responses } = operation;
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<h3>Body: <code>${escaped(type)}</code></h3>\n${jsonHtml(schema)}`,
  );
  const rows = Object.entries(responses).map(([status, { description, content }]) => {
    const bodies = Object.entries(content).map(([type, { schema }]) => `${escaped(type)}\n${referenceHtml(schema)}`);
    return `<tr><td>${escaped(status)}</td><td>${bodies.join('\n')}</td><td>${escaped(description)}</td></tr>`;
  });
  return `<h2><code>${escaped(`${method} ${path}`)}</code></h2>
<p>${escaped(summary)}${security.length > 0 ? ' Needs a token.' : ''}</p>
${bodies.join('\n')}
<h3>Answers</h3>
<table>
${rows.join('\n')}
</table>`;
}

function referenceHtml(schema: Json): string {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  return name === undefined ? '' : `<a href="#${escaped(name)}">${escaped(name)}</a>`;
}

function schemaHtml(name: string, schema: Json): string {
  return `<h3 id="${escaped(name)}">${escaped(name)}</h3>\n${jsonHtml(schema)}`;
}

function jsonHtml(value: Json): string {
  return `<pre>${escaped(JSON.stringify(value, null, 2))}</pre>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
