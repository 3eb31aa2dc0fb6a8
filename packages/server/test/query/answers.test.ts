/** What an answer holds: pages of an explanation, ties, and single records. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalBytes, type JsonObject, makeStamp, recordIdOf, sign } from '@stemedb/model';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import {
  alice,
  answered,
  asked,
  bob,
  claim,
  codesOf,
  explained,
  principalOf,
  refused,
  result,
  signedBy,
  startMs,
  unknown,
  write,
} from './asking.js';

const open = (): Promise<SimulatedDatabase> => simulatedDatabase({ startMs, identity: 1 });

describe('an explanation', () => {
  it('lists every candidate once over its pages', async () => {
    const target = await open();
    const principal = principalOf(target);
    const many = Array.from({ length: 450 }, (_, at) => claim(at % 3, { salt: salt(at) }));
    await target.database.ingest.submitAll(principal, many);
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let explainOffset: number | undefined = 0; explainOffset !== undefined; ) {
      const page = await explained(target, { explainOffset, asOf: startMs });
      assert.equal(page.candidates_count, 450);
      sizes.push(page.candidates.length);
      seen.push(...page.candidates.map(({ assertion }) => assertion));
      explainOffset = page.next_offset;
    }
    assert.deepEqual(sizes, [200, 200, 50]);
    assert.equal(new Set(seen).size, 450);
    const beyond = await explained(target, { explainOffset: 450, asOf: startMs });
    assert.deepEqual([beyond.candidates, beyond.next_offset], [[], undefined]);
    await target.database.close();
  });

  it('is left out unless it is asked for', async () => {
    const target = await open();
    await write(target, claim('x'));
    assert.equal((await result(target))?.explain, undefined);
    await target.database.close();
  });
});

const salt = (at: number): string => at.toString(16).padStart(32, '0');

describe('a tie', () => {
  it('is told with the other values, the winner by its representative', async () => {
    const target = await open();
    await write(target, claim('a', { confidence: 0.7 }), claim('b', { confidence: 0.7 }));
    await write(target, claim('c', { confidence: 0.6 }));
    const found = await result(target, { lens: 'confidence' });
    assert.equal(found?.tied, true);
    const tied = [found?.value, ...(found?.tied_with ?? []).map(({ value }) => value)];
    assert.deepEqual([...tied].sort(), ['a', 'b']);
    assert.equal(found?.confidence, 0.7);
    assert.equal(found?.values_count, 3);
    await target.database.close();
  });

  it('is not told where there is none', async () => {
    const target = await open();
    await write(target, claim('a', { confidence: 0.7 }), claim('b', { confidence: 0.6 }));
    const found = await result(target, { lens: 'confidence' });
    assert.deepEqual([found?.value, found?.tied, found?.tied_with], ['a', undefined, undefined]);
    await target.database.close();
  });

  it('falls to the later claim, then to the smaller id', async () => {
    const target = await open();
    const [early, late] = [{ asserted_at: startMs - 1 }, { asserted_at: startMs }];
    await write(target, claim('early', early), claim('late', late));
    assert.equal((await result(target, { lens: 'confidence' }))?.value, 'late');
    const ids = await write(target, claim('other', late));
    const winner = await result(target, { lens: 'confidence' });
    const lates = [winner?.assertion?.id, ...(winner?.tied_with ?? []).map((v) => v.assertion)];
    assert.equal(winner?.tied_with?.length, 2);
    assert.ok(lates.includes(ids[0]));
    assert.ok((winner?.assertion?.id ?? '') <= (winner?.tied_with?.[0]?.assertion ?? ''));
    await target.database.close();
  });
});

describe('an answer', () => {
  it('about a concept that nobody names has no results', async () => {
    const target = await open();
    const answer = await answered(asked(target));
    assert.deepEqual([answer.results, answer.next_cursor, answer.final], [[], undefined, true]);
    await target.database.close();
  });

  it('gives each question an id of its own', async () => {
    const target = await open();
    const ids = new Set<string>();
    for (let at = 0; at < 5; at += 1) ids.add((await answered(asked(target))).query_id);
    assert.equal(ids.size, 5);
    await target.database.close();
  });
});

describe('record', () => {
  const read = (target: SimulatedDatabase, id: string, options?: JsonObject) =>
    target.database.query.record(principalOf(target), id as ReturnType<typeof recordIdOf>, options);

  it('gives a record of any kind as it was stored, and of a named kind only that', async () => {
    const target = await open();
    const content = { title: 't', uri: 'https://a.example/', asserted_at: startMs };
    const [claimId = '', sourceId = ''] = await write(target, claim('x'), {
      kind: 'source',
      content,
    });
    const found = await read(target, sourceId);
    assert.ok(found.ok);
    const { agentId } = target.database;
    assert.deepEqual(found.value.record, { ...content, kind: 'source', v: 1, agent_id: agentId });
    assert.deepEqual([found.value.id, found.value.proof], [sourceId, 'node']);
    assert.equal(found.value.recorded_at, new Date(startMs).toISOString());
    assert.ok((await read(target, claimId, { kind: 'assertion' })).ok);
    for (const [id, options] of [
      [sourceId, { kind: 'assertion' }],
      [unknown, undefined],
      [claimId, { asOf: startMs - 1 }],
    ] as const) {
      assert.equal((await refused(read(target, id, options))).code, 'not_found');
    }
    await target.database.close();
  });

  it('lists the signatures as of the moment, the author first', async () => {
    const target = await open();
    const [id = ''] = await write(target, signedBy(alice, claim('x')));
    const asOf = target.clock.wallMs();
    assert.ok((await read(target, id, { asOf })).ok);
    const signature = sign('assertion', id as ReturnType<typeof recordIdOf>, bob.secretSeed);
    const attestation = { target: id, agent_id: bob.agentId, signature };
    await write(target, { kind: 'attestation', content: attestation });
    const signersAt = async (options?: JsonObject) => {
      const found = await read(target, id, options);
      assert.ok(found.ok);
      return found.value.signatures?.map((held) => held.agent_id);
    };
    assert.deepEqual(await signersAt(), [alice.agentId, bob.agentId]);
    assert.deepEqual(await signersAt({ asOf }), [alice.agentId]);
    await target.database.close();
  });

  it('gives what this release does not know byte for byte', async () => {
    const target = await open();
    const record = { kind: 'prophecy', v: 1, text: 'x' };
    const bytes = canonicalBytes(record);
    const stamp = makeStamp(startMs, 0, 'a'.repeat(16));
    assert.ok((await target.database.ingest.merge([{ bytes, stamp, proof: 'node' }])).ok);
    const found = await read(target, recordIdOf(bytes));
    assert.ok(found.ok);
    assert.deepEqual(found.value.record, record);
    assert.equal(found.value.recorded_stamp, stamp);
    await target.database.close();
  });

  it('warns of what the record refers to and is not here', async () => {
    const target = await open();
    const [id = ''] = await write(target, claim('x', { source: unknown }));
    const found = await read(target, id);
    assert.ok(found.ok);
    assert.deepEqual(codesOf(found.value.warnings), ['unknown_reference']);
    await target.database.close();
  });
});
