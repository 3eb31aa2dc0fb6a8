/** The claims of the real packages: how many, always the same, signed, and derivable again. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  canonicalBytes,
  type JsonValue,
  nobleVerify,
  recordIdOf,
  type SignatureHex,
  sign,
  verifySignature,
} from '@stemedb/model';
import { sharedBrowsers } from '../src/browsers.js';
import { openDataset, type SignedClaim } from '../src/index.js';
import { rederive } from './rederive.js';
import { seededRandom } from './seeded.js';

const seed = Number(process.env.STEMEDB_SEED ?? 20261121);
const isSoak = process.env.STEMEDB_SOAK === '1';
const unsigned = (): SignatureHex => '0'.repeat(128) as SignatureHex;
const dataset = openDataset(unsigned);
const nameOf = new Map<string, string>(dataset.sources.map((s) => [s.content.agent_id, s.name]));

const idOf = (content: unknown): string => recordIdOf(canonicalBytes(content as JsonValue));

interface Pair {
  readonly path: string;
  readonly said: Map<string, unknown>;
}

/** What everybody says, of the pairs about which at least two speak. */
function collectPairs(): { readonly pairs: readonly Pair[]; readonly hash: string } {
  const byPath = new Map<string, Map<string, unknown>>();
  const hash = createHash('sha256');
  for (const { id, content } of dataset.claims()) {
    hash.update(id);
    const name = nameOf.get(content.agent_id) ?? '';
    const said = byPath.get(content.concept_path) ?? new Map<string, unknown>();
    assert.ok(!said.has(name), `${name} speaks twice about ${content.concept_path}`);
    said.set(name, content.value);
    byPath.set(content.concept_path, said);
  }
  const pairs = [...byPath].map(([path, said]) => ({ path, said }));
  return { pairs: pairs.filter(({ said }) => said.size > 1), hash: hash.digest('hex') };
}

const { pairs, hash } = collectPairs();
const contested = pairs.filter(({ said }) => new Set(said.values()).size > 1);
const independent = contested.filter(({ said }) => said.has('caniuse'));

test('there are more than 200,000 claims, of all three sources', () => {
  assert.ok(dataset.total >= 200_000, `${dataset.total} claims`);
  assert.ok(dataset.counts.mdn > 200_000);
  assert.ok(dataset.counts['web-features'] > 50_000);
  assert.ok(dataset.counts.caniuse > 1_000);
});

test('thousands of pairs have several sources, hundreds contradict independently', () => {
  assert.ok(pairs.length > 10_000, `${pairs.length} pairs with several sources`);
  assert.ok(contested.length > 400, `${contested.length} contested pairs`);
  assert.ok(independent.length > 300, `${independent.length} between independent sources`);
});

test('a second reading yields the same ids in the same order', () => {
  const again = createHash('sha256');
  let count = 0;
  for (const { id } of openDataset(unsigned).claims()) {
    again.update(id);
    count += 1;
  }
  assert.equal(count, dataset.total);
  assert.equal(again.digest('hex'), hash);
});

test(`50 conflicts drawn by seed ${seed} are derived again from the files`, () => {
  const random = seededRandom(seed);
  for (let drawn = 0; drawn < 50; drawn += 1) {
    const pair = contested[Math.floor(random() * contested.length)];
    assert.ok(pair !== undefined);
    for (const [name, value] of pair.said) {
      assert.equal(rederive(pair.path, name), value, `${name} on ${pair.path}`);
    }
  }
});

test('every conflict between independent sources is derived again', () => {
  for (const { path, said } of independent) {
    for (const [name, value] of said) {
      assert.equal(rederive(path, name), value, `${name} on ${path}`);
    }
  }
});

test(`claims drawn by seed ${seed} are derived again (all of them in a soak)`, () => {
  const random = seededRandom(seed);
  let number = 0;
  for (const { content } of dataset.claims()) {
    number += 1;
    if (!isSoak && random() > 0.02) continue;
    const name = nameOf.get(content.agent_id) ?? '';
    const value = rederive(content.concept_path, name);
    assert.equal(value, content.value, `claim ${number}: ${name} on ${content.concept_path}`);
  }
});

test('nothing that compares is left out: what can be derived of a feature is stated', () => {
  const stated = new Map<string, unknown>();
  const features = new Set<string>();
  for (const { content } of dataset.claims()) {
    const [, kind, feature = ''] = content.concept_path.split('/');
    if (kind !== 'feature') continue;
    features.add(feature);
    stated.set(`${nameOf.get(content.agent_id)} ${content.concept_path}`, content.value);
  }
  for (const feature of features) {
    for (const { id } of sharedBrowsers) {
      const path = `web/feature/${feature}/${id}`;
      for (const name of nameOf.values()) {
        assert.equal(stated.get(`${name} ${path}`), rederive(path, name), `${name} on ${path}`);
      }
    }
  }
});

function firstOfEach(claims: Iterable<SignedClaim>): readonly SignedClaim[] {
  const found = new Map<string, SignedClaim>();
  for (const claim of claims) {
    if (found.has(claim.content.agent_id)) continue;
    found.set(claim.content.agent_id, claim);
    if (found.size === dataset.sources.length) break;
  }
  return [...found.values()];
}

test('sources and claims are signed by their own agents', () => {
  const signed = openDataset((kind, id, secret) => {
    const isWanted = kind === 'source' || firstIds.has(id);
    return isWanted ? sign(kind, id, secret) : unsigned();
  });
  for (const { id, content, signature } of signed.sources) {
    assert.equal(idOf(content), id);
    assert.ok(verifySignature('source', id, content.agent_id, signature, nobleVerify));
  }
  for (const { id, content, signatures } of firstOfEach(signed.claims())) {
    assert.equal(idOf(content), id);
    assert.equal(signatures.length, 1);
    for (const { agent_id, signature } of signatures) {
      assert.equal(agent_id, content.agent_id);
      assert.ok(verifySignature('assertion', id, agent_id, signature, nobleVerify));
    }
  }
});

const firstIds: ReadonlySet<string> = new Set(firstOfEach(dataset.claims()).map(({ id }) => id));

test('the claims of web-features rest on MDN, all others on themselves', () => {
  const mdn = dataset.sources.find((source) => source.name === 'mdn');
  for (const { content } of firstOfEach(dataset.claims())) {
    const name = nameOf.get(content.agent_id);
    const own = dataset.sources.find((source) => source.name === name);
    assert.equal(content.source, own?.id);
    assert.deepEqual(content.derived_from, name === 'web-features' ? [mdn?.id] : undefined);
    assert.equal(content.asserted_at, own?.content.published_at);
  }
});
