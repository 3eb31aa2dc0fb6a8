/** The origin of a claim (spec 6): which rule decides, and how sources and URIs are named. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { type AgentId, type JsonObject, zeroStamp } from '@stemedb/model';
import { OriginResolver, type ResolvedOrigin } from '../../src/query/origins.js';
import type { RecordReader } from '../../src/query/records.js';
import type { StoreSnapshot } from '../../src/store/store.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { claim, explained, result, startMs, unknown, write } from './asking.js';

const sources: Readonly<Record<string, JsonObject>> = {
  byUri: { title: 'u', uri: 'HTTPS://User@A.example:443/./x/../%7Ey?q=%c3%a9#top' },
  byHash: { title: 'h', content_hash: 'c'.repeat(64) },
  byBoth: { title: 'b', uri: 'https://b.example/', content_hash: 'd'.repeat(64) },
};

const register = async (target: SimulatedDatabase): Promise<Readonly<Record<string, string>>> => {
  const ids: Record<string, string> = {};
  for (const [name, content] of Object.entries(sources)) {
    const [id = ''] = await write(target, {
      kind: 'source',
      content: { ...content, asserted_at: startMs },
    });
    ids[name] = id;
  }
  const [id = ''] = await write(target, claim('a premise', { concept_path: 'premise' }));
  ids.premise = id;
  return ids;
};

/** The origin of the only claim with these members; names of records stand for their ids. */
const originOf = async (members: JsonObject): Promise<string> => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const ids = await register(target);
  const named = (name: string): string => ids[name] ?? name;
  const { derived_from: premises, source, ...rest } = members;
  await write(
    target,
    claim('x', {
      ...rest,
      ...(typeof source === 'string' ? { source: named(source) } : {}),
      ...(Array.isArray(premises) ? { derived_from: premises.map(String).map(named) } : {}),
    }),
  );
  const [candidate] = (await explained(target)).candidates;
  await target.database.close();
  const origin = candidate?.origin_name ?? '';
  return origin === `agent:${candidate?.agent_id}` ? 'agent' : origin;
};

const uri = 'uri:https://User@a.example:443/~y?q=%C3%A9';
const hash = `hash:${'c'.repeat(64)}`;
const both = `hash:${'d'.repeat(64)}`;

describe('the origin of a claim is', () => {
  const rows: readonly (readonly [string, JsonObject, string])[] = [
    ['its author, when it cites nothing', {}, 'agent'],
    [
      'its source_uri, normalised',
      { source_uri: 'http://A.example:80/./b#c' },
      'uri:http://a.example:80/b',
    ],
    ['the URI of its source, normalised', { source: 'byUri' }, uri],
    ['the content hash of its source', { source: 'byHash' }, hash],
    ['the content hash before the URI', { source: 'byBoth' }, both],
    ['its first premise that is a source', { derived_from: ['premise', 'byHash', 'byUri'] }, hash],
    ['a premise before its source', { derived_from: ['byUri'], source: 'byHash' }, uri],
    [
      'its source, when no premise is a source',
      { derived_from: ['premise'], source: 'byHash' },
      hash,
    ],
    ['the next premise, when the first is not known', { derived_from: [unknown, 'byUri'] }, uri],
    [
      'its source, when its premises are not known',
      { derived_from: [unknown], source: 'byUri' },
      uri,
    ],
    ['its author, when its source is not known', { source: unknown }, 'agent'],
    ['its author, when its premises are claims', { derived_from: ['premise'] }, 'agent'],
  ];
  for (const [name, members, expected] of rows) {
    it(name, async () => assert.equal(await originOf(members), expected));
  }
});

describe('a source that is registered late', () => {
  it('changes the origin from then on, and not before', async () => {
    const elsewhere = await simulatedDatabase({ startMs, identity: 1 });
    const ids = await register(elsewhere);
    await elsewhere.database.close();
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const cited = { source: ids.byHash ?? '' };
    await write(target, claim('x', cited), claim('x', { ...cited, confidence: 0.5 }));
    const before = target.clock.wallMs();
    const originsAt = async (asOf?: number) => {
      const { candidates } = await explained(target, asOf === undefined ? {} : { asOf });
      return new Set(candidates.map(({ origin_name: origin }) => origin.split(':')[0]));
    };
    assert.deepEqual(await originsAt(before), new Set(['agent']));
    target.clock.advance(1);
    await register(target);
    assert.deepEqual(await originsAt(), new Set(['hash']));
    assert.deepEqual(await originsAt(before), new Set(['agent']));
    await target.database.close();
  });
});

describe('kinds of origins', () => {
  it('are kept apart: the same text as URI and as author makes two', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const author = `agent:${target.database.agentId}`;
    await write(target, claim('x'), claim('x', { source_uri: author }));
    const { candidates } = await explained(target);
    const names = candidates.map(({ origin_name: origin }) => origin).sort();
    assert.deepEqual(names, [author, `uri:${author}`]);
    // One agent is one voice, whatever it cites.
    assert.equal((await result(target, { lens: 'skeptic' }))?.values?.[0]?.support, 1);
    await target.database.close();
  });
});

test('what outlives a question is the normal form of a short source_uri alone', () => {
  const agent = 'a'.repeat(64) as AgentId;
  const resolved = (sourceUri: string): readonly ResolvedOrigin[] => {
    const expression = { agent, source: undefined, derivedFrom: [], sourceUri };
    const snapshot = { originExpression: () => expression } as unknown as StoreSnapshot;
    const question = () => new OriginResolver(snapshot, {} as RecordReader, zeroStamp);
    return [question().resolve(1), question().resolve(1)];
  };
  for (const [units, isKept] of [
    [256, true],
    [257, false],
  ] as const) {
    const sourceUri = 'https://a.example/'.padEnd(units, 'x');
    const [first, second] = resolved(sourceUri);
    assert.deepEqual(first, { agent, origin: `uri:${sourceUri}`, cited: undefined });
    assert.deepEqual(second, first);
    assert.equal(second === first, isKept);
  }
});
