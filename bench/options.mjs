// What the command line asks for, as a plan with every number in it.

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

const usage = `npm run bench [-- OPTIONS]
  --full              10 million claims, longer measurements (README.md says how long)
  --smoke             does everything run at all? Some seconds of tiny figures
  --coefficients      what a claim and a question cost, for \`stemedb size\`, and nothing else
  --only TEXT         only the works whose name contains it
  --list              print the names of the works
  --seconds N         length of one measurement
  --rounds N          how often each is repeated
  --connections N,N   how many at once, one request in flight on each
  --concepts N        pairs to ask about, 20 claims each
  --lenses NAME,NAME  lenses to ask with
  --sizes N,N         claims in the database for the works on size
  --dir DIR           where all keep their data: the disk you care about
  --json              figures for a program
  --write             write bench/RESULTS.md too, or the coefficients where the program has them
  --date TEXT         the date to write there; the clock's without it
`;

const flag = { type: 'boolean', default: false };
const text = { type: 'string' };

const usual = {
  seconds: 2,
  rounds: 3,
  connections: [1, 16, 64, 256],
  concepts: 1_000,
  lenses: ['recency', 'consensus'],
  sizes: [100_000, 1_000_000],
  skepticClaims: 10_000,
  streamLines: 10_000,
  restarts: 3,
  syncs: 5_000,
  coefficientBytes: 64 * 1024 * 1024,
  coefficientCases: Number.POSITIVE_INFINITY,
  warmSeconds: 1,
  cachePairs: 4_000,
  cacheMib: [0, 16, 64],
  memorySeconds: 5,
  budgetSeconds: 570,
};

const full = {
  ...usual,
  seconds: 4,
  sizes: [...usual.sizes, 10_000_000],
  budgetSeconds: 3_600,
};

const smoke = {
  ...usual,
  seconds: 1,
  rounds: 1,
  connections: [4],
  concepts: 40,
  lenses: ['recency'],
  sizes: [2_000],
  skepticClaims: 500,
  streamLines: 500,
  restarts: 1,
  syncs: 200,
  coefficientBytes: 1024 * 1024,
  coefficientCases: 1,
  warmSeconds: 0,
  cachePairs: 40,
  cacheMib: [0, 1],
  memorySeconds: 1,
  budgetSeconds: 120,
};

function fail(sentence) {
  process.stderr.write(`bench: ${sentence}\n\n${usage}`);
  process.exit(2);
}

function parse(args) {
  const options = {
    ...{ full: flag, smoke: flag, list: flag, json: flag, write: flag, help: flag },
    coefficients: flag,
    ...{ only: text, seconds: text, rounds: text, connections: text, concepts: text },
    ...{ lenses: text, sizes: text, dir: text, date: text },
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    return fail(error.message);
  }
}

function wholeNumber(name, stated) {
  const number = Number(stated);
  if (!Number.isSafeInteger(number) || number < 1) fail(`--${name} takes whole numbers above 0`);
  return number;
}

/** Reads the command line. */
export function planOf(args) {
  const stated = parse(args);
  if (stated.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  if (stated.smoke && stated.full) fail('--smoke and --full exclude each other');
  if (stated.coefficients && (stated.full || stated.only)) {
    fail('--coefficients goes without --full and --only');
  }
  if (stated.write && (stated.smoke || stated.only)) {
    fail('--write takes a whole run, without --smoke and --only');
  }
  const plan = { ...(stated.smoke ? smoke : stated.full ? full : usual) };
  for (const name of ['seconds', 'rounds', 'concepts']) {
    if (stated[name] !== undefined) plan[name] = wholeNumber(name, stated[name]);
  }
  for (const name of ['connections', 'sizes']) {
    if (stated[name] !== undefined) {
      plan[name] = stated[name].split(',').map((one) => wholeNumber(name, one));
    }
  }
  if (stated.lenses !== undefined) plan.lenses = stated.lenses.split(',');
  // Questions are about whole prefixes, and sizes grow by whole pairs.
  plan.concepts = Math.ceil(plan.concepts / 20) * 20;
  plan.sizes = plan.sizes.map((size) => Math.ceil(size / 20) * 20).sort((a, b) => a - b);
  const { only, list, json, write, date, coefficients } = stated;
  const kind = stated.smoke ? 'smoke' : stated.full ? 'full' : 'usual';
  const dir = stated.dir ?? process.env.STEMEDB_BENCH_DIR ?? tmpdir();
  if (!existsSync(dir)) fail(`there is no directory ${dir}`);
  return { ...plan, only, list, json, write, date, coefficients, kind, dir, args };
}
