/** Pages of one impact share the walk over what rests on the source, as long as it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImpactAnswer, JsonObject, RecordId } from '@stemedb/model';
import { canonicalBytes, makeStamp } from '@stemedb/model';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { claim, principalOf, startMs, write } from './asking.js';

const claims = 60;

const filled = async (
  sources: number,
): Promise<{ readonly target: SimulatedDatabase; readonly ids: readonly RecordId[] }> => {
  // Kept candidates would hide what a page reads.
  const target = await simulatedDatabase({ startMs, identity: 1, cacheBytesMax: 0 });
  const titles = Array.from({ length: sources }, (_, at) => `s${at}`);
  const ids = await write(
    target,
    ...titles.map((title) => ({
      kind: 'source' as const,
      content: { title, uri: 'https://a.example/' },
    })),
  );
  for (const source of ids) {
    for (let at = 0; at < claims; at += 1) {
      await write(target, claim(at, { concept_path: `c/${100 + at}`, source }));
    }
  }
  return { target, ids };
};

/** One page, and how many records were read from the log for it. */
const page = async (
  target: SimulatedDatabase,
  source: RecordId | undefined,
  cursor?: string,
): Promise<{ readonly answer: ImpactAnswer; readonly reads: number }> => {
  assert.ok(source !== undefined);
  const { log, impacts } = target.database;
  const read = log.read.bind(log);
  let reads = 0;
  log.read = (...place) => {
    reads += 1;
    return read(...place);
  };
  try {
    const more = cursor === undefined ? {} : { cursor };
    const asked = { source, lens: 'recency', limit: 2, ...more };
    const outcome = await impacts.impact(principalOf(target), asked);
    assert.ok(outcome.ok, outcome.ok ? '' : outcome.error.detail);
    return { answer: outcome.value, reads };
  } finally {
    log.read = read;
  }
};

test('the pages after the first read what they show', async () => {
  const { target, ids } = await filled(1);
  const first = await page(target, ids[0]);
  assert.ok(first.reads >= claims, `${first.reads} reads`);
  await write(target, claim('other', { concept_path: 'other' }));
  const second = await page(target, ids[0], first.answer.next_cursor);
  assert.ok(second.reads < claims / 2, `${second.reads} reads`);
  assert.equal(second.answer.dependants, claims);
  await target.database.close();
});

test('a claim that comes with an earlier stamp is walked to', async () => {
  const { target, ids } = await filled(1);
  const [source] = ids;
  assert.ok(source !== undefined);
  const first = await page(target, source);
  const content = claim('merged', { concept_path: 'c/199', source }).content as JsonObject;
  const author = { kind: 'assertion', v: 1, agent_id: target.database.agentId };
  const record = {
    bytes: canonicalBytes({ ...content, ...author }),
    stamp: makeStamp(startMs, 0, '0'.repeat(16)),
    proof: 'node' as const,
  };
  const merged = await target.database.ingest.merge([record]);
  assert.ok(merged.ok);
  assert.equal(merged.value.created, 1);
  const second = await page(target, source, first.answer.next_cursor);
  assert.equal(second.answer.dependants, claims + 1);
  assert.equal(second.answer.position, first.answer.position);
  await target.database.close();
});

test('a few walks are kept', async () => {
  const { target, ids } = await filled(9);
  const cursors: (string | undefined)[] = [];
  for (const source of ids) cursors.push((await page(target, source)).answer.next_cursor);
  const oldest = await page(target, ids[0], cursors[0]);
  assert.ok(oldest.reads >= claims, `${oldest.reads} reads`);
  const newest = await page(target, ids[8], cursors[8]);
  assert.ok(newest.reads < claims / 2, `${newest.reads} reads`);
  await target.database.close();
});
