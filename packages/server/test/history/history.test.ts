/**
 * Fault 13: random clients do everything that can be done while the server is killed now and then;
 * all that was answered is recorded and checked. Chapter after chapter, a database each.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf } from '../support/seeded.js';
import { type ChapterReport, liveChapter } from './chapter.js';

const seconds = Number(process.env.STEMEDB_HISTORY_SECONDS ?? countOf(120, 8 * 3600));
const named = process.env.STEMEDB_SEED;
const killsPerChapter = 2;

const sum = (reports: readonly ChapterReport[], of: (report: ChapterReport) => number): number =>
  reports.reduce((total, report) => total + of(report), 0);

test(`${seconds} s of random clients and kills are in order`, {
  timeout: (seconds + 300) * 1000,
}, async (t) => {
  const reports: ChapterReport[] = [];
  const end = performance.now() + seconds * 1000;
  for (let seed = Number(named ?? Date.now() % 1_000_000); performance.now() < end; seed += 1) {
    const replay = `STEMEDB_SEED=${seed} npm test -- history/history`;
    const report = await liveChapter(seed, killsPerChapter);
    reports.push(report);
    assert.deepEqual(report.violations, [], `seed ${seed}; replay with ${replay}`);
    if (named !== undefined) break;
  }
  t.diagnostic(
    `${reports.length} chapters, ${sum(reports, ({ kills }) => kills)} kills, ` +
      `${sum(reports, ({ writes }) => writes)} writes of which ` +
      `${sum(reports, ({ unknown }) => unknown)} without an answer, ` +
      `${sum(reports, ({ reads }) => reads)} answers, ` +
      `${sum(reports, ({ records }) => records)} records`,
  );
  assert.ok(
    sum(reports, ({ unknown }) => unknown) > 0 || reports.length < 5,
    'no kill hit a write',
  );
});
