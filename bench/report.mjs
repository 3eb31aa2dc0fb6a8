// Everything that a run found, as tables.

import { number, tableOf } from './table.mjs';

const workHeads = ['work', 'conn.', 'ours/s', 'P/s', 'H/s', 'empty/s', 'x P', 'x H'];
workHeads.push('p50 ms', 'p99 ms', 'P p99', 'H p99', 'spread', 'P spread', 'H spread');

function share(value) {
  return Number.isFinite(value) ? `${Math.round(100 * value)} %` : '-';
}

function workCells({ work, connections, systems }) {
  const { ours, postgres, service, empty } = systems;
  const ratio = (peer) => number((ours?.rate ?? Number.NaN) / (peer?.rate ?? Number.NaN), 2);
  return [
    ...[work, `${connections}`, number(ours?.rate), number(postgres?.rate), number(service?.rate)],
    ...[number(empty?.rate), ratio(postgres), ratio(service), number(ours?.p50, 2)],
    ...[number(ours?.p99, 2), number(postgres?.p99, 2), number(service?.p99, 2)],
    ...[share(ours?.spread), share(postgres?.spread), share(service?.spread)],
  ];
}

const sizeHeads = ['claims', 'load/s', 'query/s', 'p99 ms', 'P query/s', 'P p99', 'p99 same load'];
sizeHeads.push('RssAnon MiB', 'ready s', 'at most', 'bytes a claim', 'P bytes');

function sizeCells({ claims, ours, postgres }) {
  return [
    ...[
      number(claims),
      number((ours?.filled ?? Number.NaN) / ours?.fillSeconds),
      number(ours?.full.rate),
    ],
    ...[number(ours?.full.p99, 2), number(postgres?.full.rate), number(postgres?.full.p99, 2)],
    ...[number(ours?.compared.p99, 2), number(ours?.memoryMib), number(ours?.readySeconds, 2)],
    ...[number(ours?.readySecondsMax, 2), number(ours?.bytesPerClaim)],
    number(postgres?.bytesPerClaim),
  ];
}

function skepticCells({ claims, skeptic, alone, beside }) {
  const cells = (name, { rate, p50, p99 }) => [name, number(rate), number(p50, 2), number(p99, 2)];
  return [
    cells(`skeptic over ${number(claims)}, one client`, skeptic),
    cells('small questions meanwhile', beside),
    cells('small questions alone', alone),
  ];
}

function sections(result, isMarkdown) {
  const { rows, sizes, skeptic, targets } = result;
  const parts = [];
  const add = (title, heads, cells, words = 1) => {
    if (cells.length > 0) parts.push({ title, text: tableOf(heads, cells, { words, isMarkdown }) });
  };
  add('Works', workHeads, rows.map(workCells));
  const skepticHeads = ['beside each other', 'a second', 'p50 ms', 'p99 ms'];
  add('A large question beside small ones', skepticHeads, skeptic ? skepticCells(skeptic) : []);
  add('Sizes', sizeHeads, sizes.map(sizeCells));
  const isPart = result.plan.only !== undefined;
  const judged = targets.filter(({ verdict }) => !isPart || verdict !== 'not measured');
  const targetCells = judged.map(({ work, target, found, verdict }) => [
    ...[work, target, found, verdict],
  ]);
  add('Targets', ['work', 'target', 'measured', 'verdict'], targetCells, 4);
  return parts;
}

/** Sentences below the tables. */
function remarks({ plan, machine, sync, memory, notes, seconds, load }) {
  const inMemory = sync.inMemory ? ' (in memory: nothing here is durable)' : '';
  const held = Object.entries(memory).map(([name, mib]) => `${name} ${number(mib)} MiB`);
  return [
    'P is PostgreSQL by pgbench, H the same HTTP service over PostgreSQL; README.md says more.',
    `Rounds of ${plan.seconds} s by turns, ${plan.rounds} in all, of which each figure is the ` +
      'median; claims of about 1 KiB; ' +
      'spread is the widest difference between rounds.',
    `Disk: append 1 KiB + fdatasync p50 ${number(sync.p50, 3)} ms, ` +
      `p99 ${number(sync.p99, 3)} ms${inMemory}.`,
    ...(held.length === 0 ? [] : [`RssAnon after the works: ${held.join(', ')}.`]),
    `Load by ${load}. Took ${number(seconds)} s in all.`,
    `${machine}.`,
    ...notes.map((note) => `Note: ${note}.`),
  ];
}

/** The result for a terminal. */
export function asText(result) {
  const parts = sections(result, false).map(({ title, text }) => `${title}\n\n${text}\n`);
  return `\n${parts.join('\n')}\n${remarks(result).join('\n')}\n`;
}

/** The result as the page that stands beside the benchmark. */
export function asMarkdown(result, date) {
  const command = ['npm run bench', ...(result.plan.args.length > 0 ? ['--'] : [])];
  const parts = sections(result, true).map(({ title, text }) => `## ${title}\n\n${text}\n`);
  const lines = remarks(result).map((line) => `- ${line}`);
  return [
    '# Results of the benchmark\n',
    `Measured on ${date} by\n`,
    `\`\`\`sh\n${[...command, ...result.plan.args].join(' ')}\n\`\`\`\n`,
    `${lines.join('\n')}\n`,
    ...parts,
  ].join('\n');
}
