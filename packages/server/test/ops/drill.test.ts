/** What a drill says of a copy that is not what it should be; whole drills are in `cli/drill`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalText, type JsonObject, type RecordId } from '@stemedb/model';
import type { DrawnClaim } from '../../src/ops/drill/drawn_claims.js';
import {
  type Asked,
  type DrillLimits,
  type DrillReport,
  runDrill,
} from '../../src/ops/drill/drill.js';
import { formatDrillReport } from '../../src/ops/drill/markdown.js';
import type { LogCopyFacts } from '../../src/ops/log_copy.js';
import { TestClock } from '../support/test_clock.js';
import { must } from './directories.js';

const startMs = Date.UTC(2026, 10, 21);

/** Its newest record was recorded a minute before the drill. */
const facts: LogCopyFacts = {
  what: 'archive',
  name: 'copy',
  databaseId: 'd'.repeat(32),
  logId: 'a'.repeat(32),
  nodeId: '1'.repeat(16),
  vkey: '',
  records: 100,
  assertions: 90,
  root: '',
  newestStamp: `${(startMs - 60_000).toString(16).padStart(12, '0')}${'0'.repeat(20)}`,
  writtenAtMs: startMs - 50_000,
};

const content: JsonObject = { concept_path: 'a/b', kind: 'assertion', predicate: 'p', value: 1 };
const claim: DrawnClaim = {
  id: 'c'.repeat(64) as RecordId,
  conceptPath: 'a/b',
  predicate: 'p',
  text: canonicalText(content),
};

const node = (record: JsonObject | undefined, value: number, records: number): Asked => ({
  record: async () => record,
  results: async ({ lens }) => [{ lens, value }],
  position: async () => ({ logId: facts.logId, sequence: records }),
});

const noLimits: DrillLimits = {
  lostAtMs: undefined,
  recoveryTimeSecondsMax: undefined,
  recoveryPointSecondsMax: undefined,
};

/** Time passes only where a step says so. */
class SteppedClock extends TestClock {
  override monotonicMs(): number {
    return this.wallMs();
  }
}

const drillOf = async (
  asked: Asked,
  options: {
    readonly live?: Asked;
    readonly limits?: Partial<DrillLimits>;
    readonly findings?: readonly string[];
  } = {},
): Promise<DrillReport> => {
  const clock = new SteppedClock(startMs);
  return must(
    await runDrill(
      {
        clock,
        facts,
        restore: async () => {
          clock.advance(2000);
          return { ok: true, value: undefined };
        },
        serve: async () => {
          clock.advance(1000);
          return { ok: true, value: { asked, stop: async () => undefined } };
        },
        draw: async () => [claim],
        verify: async () => options.findings ?? [],
        live: options.live,
        onPhase: () => undefined,
      },
      { ...noLimits, ...options.limits },
    ),
  );
};

test('a copy that is whole passes, with its recovery time and point', async () => {
  const report = await drillOf(node(content, 1, 100), { live: node(content, 1, 120) });
  assert.equal(report.verdict, 'passed');
  assert.equal(report.recovery_time_seconds, 3);
  assert.equal(report.recovery_point.age_seconds, 60);
  assert.equal(report.recovery_point.records_behind, 20);
  assert.deepEqual(report.questions, {
    claims: 1,
    asked: 3,
    missing: 0,
    compared: 3,
    different: 0,
    live_lost: false,
  });
  assert.match(formatDrillReport(report), /\| recovery time \| 3\.00 s \|/);
});

test('the recovery point counts to the loss when that is known', async () => {
  const limits = { lostAtMs: startMs - 55_000 };
  const { recovery_point: point } = await drillOf(node(content, 1, 100), { limits });
  assert.equal(point.age_seconds, 5);
  assert.equal(point.measured_to, 'loss');
});

test('a claim that is missing or changed fails the drill', async () => {
  for (const record of [undefined, { ...content, value: 2 }]) {
    const report = await drillOf(node(record, 1, 100));
    assert.equal(report.verdict, 'failed');
    assert.equal(report.questions.missing, 1);
    assert.match(report.failures.join(), new RegExp(claim.id));
  }
});

test('an answer that differs from that of the node in use fails the drill', async () => {
  const report = await drillOf(node(content, 1, 100), { live: node(content, 2, 100) });
  assert.equal(report.verdict, 'failed');
  assert.equal(report.questions.different, 3);
});

test('findings, a slow recovery and an old copy fail the drill', async () => {
  const asked = node(content, 1, 100);
  assert.equal((await drillOf(asked, { findings: ['store: rotten'] })).verdict, 'failed');
  const slow = await drillOf(asked, { limits: { recoveryTimeSecondsMax: 2 } });
  assert.match(slow.failures.join(), /recovery time is 3\.0 s/);
  const old = await drillOf(asked, { limits: { recoveryPointSecondsMax: 59 } });
  assert.match(old.failures.join(), /recovery point is 60\.0 s/);
});

test('a node in use that goes away ends the comparison and not the drill', async () => {
  const live = { ...node(content, 1, 120), results: () => Promise.reject(new Error('gone')) };
  const report = await drillOf(node(content, 1, 100), { live });
  assert.equal(report.verdict, 'passed');
  assert.equal(report.questions.compared, 0);
  assert.equal(report.questions.live_lost, true);
});

test('a node in use with another log is not counted against', async () => {
  const position = async () => ({ logId: 'b'.repeat(32), sequence: 5 });
  const report = await drillOf(node(content, 1, 100), {
    live: { ...node(content, 1, 0), position },
  });
  assert.equal(report.recovery_point.records_behind, null);
});
