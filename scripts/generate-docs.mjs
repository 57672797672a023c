// Writes the generated pages of docs/reference from the code; `--check` only says which are out of date (exit 1).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseFlags } from '../dist/config/flags.js';
import { errorTable } from '../dist/errors.js';
import { helpText } from '../dist/hook/arguments.js';
import { limits } from '../dist/limits.js';
import { metricTable } from '../dist/server/metric-table.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const reference = path.join(root, 'docs', 'reference');

function errorsPage() {
  const rows = Object.entries(errorTable)
    .sort(([a, { status: x }], [b, { status: y }]) => x - y || a.localeCompare(b))
    .map(([code, { status, detail, mend }]) => `| ${status} | \`${code}\` | ${detail} | ${mend} |`);
  return `# Errors

Generated from \`src/errors.ts\` by \`scripts/generate-docs.mjs\`; do not edit.

An answer of 400 or above has the body \`{"detail": "<text>"}\`; the code stands in the header \`x-error-code\` and in the
log line. \`{reason}\` and the like are filled in. A 422 has a list in \`detail\`, one entry for each fault of the body
(\`type\`, \`loc\`, \`msg\`, \`input\`), and no code. Every 429 has \`Retry-After\`, and so have \`MODEL_LOADING\` and \`MODEL_NO_ROOM\`. Status 499 is only
logged: the client is gone. \`CONFIG_INVALID\` ends the start of the daemon with exit status 1. No server sends \`GATEWAY_*\`,
\`ZONEMINDER_*\`, \`FRAMES_MISSING\` or \`DETECTOR_CLOSED\`: they are errors of the [library](library.md) and the hook.

| Status | Code | Text | What to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function metricsPage() {
  const rows = Object.entries(metricTable).map(([name, { kind, help, labels }]) => {
    const words = Object.entries(labels).map(([label, values]) => `\`${label}\`: ${values}`);
    return `| \`${name}\` | ${kind} | ${help} | ${words.join('; ')} |`;
  });
  return `# Metrics

Generated from \`src/server/metric-table.ts\` by \`scripts/generate-docs.mjs\`; do not edit.

\`GET /metrics\` answers in the text format of Prometheus, without a token unless \`metrics_auth\` is set. No label holds what a
client chose. A histogram comes as \`_bucket\`, \`_sum\` and \`_count\`; times are in seconds.

| Name | Kind | Meaning | Labels |
| --- | --- | --- | --- |
${rows.join('\n')}

Besides these there are the usual figures of the process (\`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`,
\`process_open_fds\` and the like) and of its JavaScript thread (\`nodejs_eventloop_lag_seconds\`, \`nodejs_gc_duration_seconds\`,
\`nodejs_heap_size_used_bytes\` and the like).
`;
}

/** Rows of `native/input_limits.h`; a constant whose comment is not in the table's form is an error. */
function nativeLimits() {
  const source = readFileSync(path.join(root, 'native', 'input_limits.h'), 'utf8');
  return source
    .split('\n')
    .filter((line) => line.startsWith('constexpr '))
    .map((line) => {
      const row = /^constexpr .* k\w+ = (.+);  \/\/ ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+)$/.exec(line);
      if (row === null)
        throw new Error(`native/input_limits.h: expected \`// input | what | unit | outcome\` in: ${line}`);
      const [, expression, input, what, unit, outcome] = row;
      if (!/^[\d\s*+()'.LU]+$/.test(expression))
        throw new Error(`native/input_limits.h: expected a number in: ${line}`);
      const value = Function(`return ${expression.replace(/'/g, '').replace(/[LU]/g, '')}`)();
      return { value, unit, input, what, outcome };
    });
}

function limitsPage() {
  const rows = [...Object.values(limits), ...nativeLimits()]
    .sort((a, b) => a.input.localeCompare(b.input))
    .map(({ value, unit, input, what, outcome, setting }) => {
      const result = /^[A-Z_]+$/.test(outcome) ? `\`${outcome}\`` : outcome;
      return `| ${input} | ${what} | ${value.toLocaleString('en')} ${unit} | ${result} | ${setting ? `\`${setting}\`` : ''} |`;
    });
  return `# Limits

Generated from \`src/limits.ts\` and \`native/input_limits.h\` by \`scripts/generate-docs.mjs\`; do not edit.

Every input that a client, a camera, a gateway or a downloaded file controls is limited in bytes, count, time or steps of work. The codes
stand in [errors.md](errors.md).

| Input | What is counted | Limit | Beyond it | Setting |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function commandLinePage() {
  // argparse wraps its text at the width of the terminal.
  process.env.COLUMNS = '100';
  let help = '';
  try {
    parseFlags(['--help'], '');
  } catch (exit) {
    help = exit.stdout;
  }
  return `# Command line of zmdetectd

Generated from the flags by \`scripts/generate-docs.mjs\`; do not edit.

A usage error ends with status 2, a setting that cannot be used with 1. With \`--config\` every other flag but \`--debug\`
is ignored.

\`\`\`
${help.trimEnd()}
\`\`\`
`;
}

function hookPage() {
  return `# Command line of the hook

Generated from the flags by \`scripts/generate-docs.mjs\`; do not edit. docs/guides/hook.md says how it is used.

\`zmdetect event\` is the same program.

\`\`\`
${helpText('zm_detect').trimEnd()}
\`\`\`
`;
}

const pages = {
  'errors.md': errorsPage(),
  'command-line.md': commandLinePage(),
  'limits.md': limitsPage(),
  'metrics.md': metricsPage(),
  'zm_detect.md': hookPage(),
};
const stale = Object.entries(pages).filter(([name, text]) => {
  const file = path.join(reference, name);
  try {
    return readFileSync(file, 'utf8') !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes('--check')) {
  for (const [name] of stale)
    console.error(`docs/reference/${name} is out of date: run node scripts/generate-docs.mjs`);
  process.exit(stale.length > 0 ? 1 : 0);
}
for (const [name, text] of stale) writeFileSync(path.join(reference, name), text);
