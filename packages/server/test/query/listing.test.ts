/** Lists: by stamp and id whatever the order of the log, bounded, and with each record's effect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  canonicalBytes,
  defaultPolicyTable,
  type HlcStamp,
  type JsonObject,
  type ListedRecord,
  makeStamp,
  type Outcome,
  type RecordId,
  type RecordKind,
  type RecordList,
  recordIdOf,
  sign,
} from '@stemedb/model';
import type { Submission } from '../../src/ingest/ingest.js';
import type { ListQuestion } from '../../src/query/listing.js';
import { Smallest } from '../../src/query/smallest.js';
import { mergeAll, type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { alice, bob, claim, principalOf, refused, signedBy, startMs, write } from './asking.js';

const nodeId = '2'.repeat(16);

const list = (
  target: SimulatedDatabase,
  kind: RecordKind,
  more: Partial<ListQuestion> = {},
  signal?: AbortSignal,
): Promise<Outcome<RecordList>> =>
  target.database.reads.list(principalOf(target), { kind, limit: 1000, ...more }, signal);

const listed = async (
  target: SimulatedDatabase,
  kind: RecordKind,
  more: Partial<ListQuestion> = {},
): Promise<RecordList> => {
  const found = await list(target, kind, more);
  if (!found.ok) throw new Error(`${found.error.code}: ${found.error.detail}`);
  return found.value;
};

const idsOf = ({ records }: RecordList): readonly RecordId[] => records.map(({ id }) => id);

/** All pages of a list. */
const pagesOf = async (
  target: SimulatedDatabase,
  kind: RecordKind,
  more: Partial<ListQuestion>,
): Promise<readonly RecordList[]> => {
  const pages: RecordList[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await listed(target, kind, {
      ...more,
      ...(cursor === undefined ? {} : { cursor }),
    });
    pages.push(page);
    cursor = page.next_cursor;
    if (cursor === undefined) return pages;
  }
};

const source = (title: string, more: JsonObject = {}): Submission => ({
  kind: 'source',
  content: { title, uri: 'https://a.example/', asserted_at: startMs, ...more },
});

const merged = (title: string, stamp: HlcStamp, agent = alice) => {
  const content = { ...(source(title).content as JsonObject), kind: 'source', v: 1 };
  const bytes = canonicalBytes({ ...content, agent_id: agent.agentId });
  return { bytes, stamp, proof: 'signature' as const, id: recordIdOf(bytes) };
};

const withDatabase =
  (run: (target: SimulatedDatabase) => Promise<void>) => async (): Promise<void> => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await run(target);
    await target.database.close();
  };

describe('a list', () => {
  it(
    'is ordered by stamp and id, not by the order of arrival',
    withDatabase(async (target) => {
      const stampAt = (offsetMs: number) => makeStamp(startMs - offsetMs, 0, nodeId);
      const records = [5, 1, 4, 2, 3].map((at) => merged(`s${at}`, stampAt(at * 1000)));
      const twins = ['a', 'b', 'c'].map((title) => merged(title, stampAt(2500)));
      await mergeAll(target, [...records, ...twins]);
      const [last] = await write(target, source('now'));
      const expected = [...records, ...twins]
        .sort((one, other) => (one.stamp + one.id < other.stamp + other.id ? -1 : 1))
        .map(({ id }) => id);
      assert.deepEqual(idsOf(await listed(target, 'source')), [...expected, last]);
      for (const limit of [1, 2, 3, 8]) {
        const pages = await pagesOf(target, 'source', { limit });
        assert.deepEqual(pages.flatMap(idsOf), [...expected, last]);
      }
    }),
  );

  it(
    'names a record once, under its smaller stamp',
    withDatabase(async (target) => {
      const early = makeStamp(startMs - 9000, 0, nodeId);
      const late = merged('twice', makeStamp(startMs - 1000, 0, nodeId));
      const between = merged('between', makeStamp(startMs - 5000, 0, nodeId));
      await mergeAll(target, [late, between, { ...late, stamp: early }]);
      const found = await listed(target, 'source');
      assert.deepEqual(idsOf(found), [late.id, between.id]);
      assert.equal(found.records[0]?.recorded_stamp, early);
    }),
  );

  it(
    'ends a page of large records early, and goes on',
    withDatabase(async (target) => {
      const content = 'x'.repeat(1_000_000);
      const sources = Array.from({ length: 20 }, (_, at) => source(`s${at}`, { content }));
      const ids = await write(target, ...sources);
      const pages = await pagesOf(target, 'source', { limit: 20 });
      assert.ok(pages.length > 1, `${pages.length} pages`);
      assert.deepEqual(pages.flatMap(idsOf), ids);
      assert.ok(pages.every(({ records }) => records.length > 0));
    }),
  );

  it(
    'gives others their turn, and ends with its caller',
    withDatabase(async (target) => {
      const sources = Array.from({ length: 5000 }, (_, at) => source(`s${at}`));
      await target.database.ingest.submitAll(principalOf(target), sources);
      const { clock } = target;
      const turn = clock.turn.bind(clock);
      let turns = 0;
      clock.turn = () => {
        turns += 1;
        return turn();
      };
      assert.equal((await listed(target, 'source', { limit: 1 })).records.length, 1);
      assert.ok(turns >= 1, `${turns} turns`);
      const gone = AbortSignal.abort();
      const error = await refused(list(target, 'source', {}, gone));
      assert.equal(error.code, 'query_timeout');
    }),
  );
});

/** Ids with the rule against each. */
const rulesOf = ({ records }: RecordList): readonly (readonly [RecordId, string | undefined])[] =>
  records.map(({ id, effective, not_effective: rule }: ListedRecord) => {
    assert.equal(effective, rule === undefined);
    return [id, rule] as const;
  });

describe('the effect of', () => {
  it(
    'a signature made for another kind is none',
    withDatabase(async (target) => {
      const { content } = signedBy(alice, claim('x'));
      const id = recordIdOf(canonicalBytes(content));
      const attestation = (kind: RecordKind, pair = bob): Submission => ({
        kind: 'attestation',
        content: { target: id, agent_id: pair.agentId, signature: sign(kind, id, pair.secretSeed) },
      });
      const [wrong, right] = await write(target, attestation('vote'), attestation('assertion'));
      await write(target, signedBy(alice, claim('x')));
      const found = await listed(target, 'attestation', { target: id });
      const rules = new Map(rulesOf(found));
      assert.equal(rules.size, 3);
      assert.match(rules.get(wrong as RecordId) ?? '', /kind "vote".*"assertion"/);
      assert.equal(rules.get(right as RecordId), undefined);
      const unknown = await refused(list(target, 'attestation', { target: wrong as RecordId }));
      assert.equal(unknown.code, 'not_found');
    }),
  );

  it('a policy is that it is in force', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const content = {
      ...defaultPolicyTable,
      kind: 'policy',
      v: 1,
      agent_id: target.database.agentId,
      asserted_at: startMs + 1000,
    };
    const bytes = canonicalBytes(content as unknown as JsonObject);
    target.clock.advance(5000);
    await mergeAll(target, [{ bytes, stamp: makeStamp(startMs + 2000, 0, nodeId), proof: 'node' }]);
    const [first, second] = rulesOf(await listed(target, 'policy'));
    assert.match(first?.[1] ?? '', new RegExp(`in force.*${second?.[0]}`));
    assert.equal(second?.[1], undefined);
    const before = await listed(target, 'policy', { asOf: startMs + 1999 });
    assert.deepEqual(rulesOf(before), [[first?.[0], undefined]]);
    await target.database.close();
  });

  it(
    'a source is lost when it is retracted, from then on',
    withDatabase(async (target) => {
      const [id] = await write(target, source('s'));
      target.clock.advance(1000);
      const [by] = await write(target, {
        kind: 'supersession',
        content: { target: id ?? '', action: 'retract', reason: 'r' },
      });
      const [found] = rulesOf(await listed(target, 'source'));
      assert.deepEqual(found, [id, `It was retracted by ${by}.`]);
      const [then] = rulesOf(await listed(target, 'source', { asOf: startMs + 999 }));
      assert.deepEqual(then, [id, undefined]);
    }),
  );
});

describe('the smallest of many', () => {
  it('are kept in order, however many come', () => {
    const keys = Array.from({ length: 100 }, (_, at) => String((at * 37) % 100).padStart(2, '0'));
    for (const count of [1, 2, 7, 99, 100, 101]) {
      const smallest = new Smallest<string>(count);
      for (const key of keys) smallest.add(key, key);
      assert.deepEqual(smallest.values(), [...keys].sort().slice(0, count));
    }
  });
});
