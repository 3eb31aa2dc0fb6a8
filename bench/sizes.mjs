// What changes with the number of claims: the latency of a question, memory, the time until the
// server is ready again after SIGKILL, and disk. One database of ours grows from size to size, and
// beside it PostgreSQL's table.

import { GrowingDatabase } from './growing_database.mjs';
import { freeBytes } from './machine.mjs';
import { SizedTable } from './sized_table.mjs';

/** What both databases take of a disk for a claim, and PostgreSQL for its own log, at most. */
const claimBytesMax = 4_500;
const beside = 12 * 2 ** 30;
/** Of the time of the whole run; the rest is for the works. */
const budgetShare = 0.65;

/** Sizes that the disk has room for. */
function fitting(run) {
  return run.plan.sizes.filter((size) => {
    const needed = size * claimBytesMax + (size > 1_000_000 ? beside : 0);
    const free = freeBytes(run.folder);
    if (needed <= free) return true;
    const gib = (bytes) => `${Math.ceil(bytes / 2 ** 30)} GiB`;
    run.note(`${size} claims are left out: they need ${gib(needed)}, ${gib(free)} are free`);
    return false;
  });
}

/** How long a size will take when a claim is loaded as fast as for the size before. */
function expectedSeconds(last, size) {
  if (last === undefined) return 0;
  const perClaim = (ours) => (ours === undefined ? 0 : ours.fillSeconds / ours.filled);
  const loading = (size - last.claims) * (perClaim(last.ours) + perClaim(last.postgres));
  const loaded = (last.ours?.fillSeconds ?? 0) + (last.postgres?.fillSeconds ?? 0);
  return loading + last.seconds - loaded;
}

/** One row for each size: `{claims, ours, postgres}`. */
export async function measureSizes(run, postgres) {
  const database = new GrowingDatabase(run);
  const table = postgres && new SizedTable(run, postgres);
  await table?.create();
  const rows = [];
  for (const size of fitting(run)) {
    const expected = expectedSeconds(rows.at(-1), size);
    if (expected > run.secondsLeft(budgetShare)) {
      run.note(`${size} claims are left out: they would take ${Math.round(expected)} s`);
      break;
    }
    const begin = run.elapsedSeconds;
    run.say(`growing to ${size.toLocaleString('en-US')} claims`);
    const ours = await run.attempt(`${size} claims, ours,`, () => database.growTo(size));
    const peer = await run.attempt(`${size} claims, PostgreSQL,`, () => table?.growTo(size));
    rows.push({ claims: size, ours, postgres: peer, seconds: run.elapsedSeconds - begin });
    if (ours === undefined) break;
  }
  await table?.drop();
  database.remove();
  return rows;
}
