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
  toHex,
  verifySignature,
} from '@stemedb/model';
import { sharedBrowsers } from '../src/browsers.js';
import { openDataset, type SignedClaim, type SignRecord } from '../src/index.js';
import { rederive } from './rederive.js';
import { seededRandom } from './seeded.js';

const seed = Number(process.env.STEMEDB_SEED ?? 20261121);
const isSoak = process.env.STEMEDB_SOAK === '1';
const unsigned = (): SignatureHex => '0'.repeat(128) as SignatureHex;

/** Really signs the source and the first claim of each key; all would take minutes. */
function signFirst(): SignRecord {
  const signed = new Set<string>();
  return (kind, id, secret) => {
    const turn = `${kind} ${toHex(secret)}`;
    if (signed.has(turn)) return unsigned();
    signed.add(turn);
    return sign(kind, id, secret);
  };
}

const dataset = openDataset(signFirst());
const nameOf = new Map<string, string>(dataset.sources.map((s) => [s.content.agent_id, s.name]));

const idOf = (content: unknown): string => recordIdOf(canonicalBytes(content as JsonValue));

interface Pair {
  readonly path: string;
  readonly said: Map<string, unknown>;
}

interface Collected {
  /** What everybody says about each path. */
  readonly all: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  readonly pairs: readonly Pair[];
  readonly firsts: readonly SignedClaim[];
  readonly hash: string;
}

function collect(): Collected {
  const all = new Map<string, Map<string, unknown>>();
  const firsts = new Map<string, SignedClaim>();
  const hash = createHash('sha256');
  for (const claim of dataset.claims()) {
    const { id, content } = claim;
    hash.update(id);
    const name = nameOf.get(content.agent_id) ?? '';
    if (!firsts.has(name)) firsts.set(name, claim);
    const said = all.get(content.concept_path) ?? new Map<string, unknown>();
    assert.ok(!said.has(name), `${name} speaks twice about ${content.concept_path}`);
    said.set(name, content.value);
    all.set(content.concept_path, said);
  }
  const pairs = [...all].map(([path, said]) => ({ path, said })).filter((p) => p.said.size > 1);
  return { all, pairs, firsts: [...firsts.values()], hash: hash.digest('hex') };
}

const { all, pairs, firsts, hash } = collect();
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
  for (const [path, said] of all) {
    if (!isSoak && random() > 0.02) continue;
    for (const [name, value] of said) {
      assert.equal(rederive(path, name), value, `${name} on ${path}`);
    }
  }
});

test('nothing that compares is left out: what can be derived of a feature is stated', () => {
  const paths = [...all.keys()].filter((path) => path.startsWith('web/feature/'));
  for (const feature of new Set(paths.map((path) => path.split('/')[2]))) {
    for (const { id } of sharedBrowsers) {
      const path = `web/feature/${feature}/${id}`;
      for (const name of nameOf.values()) {
        assert.equal(all.get(path)?.get(name), rederive(path, name), `${name} on ${path}`);
      }
    }
  }
});

test('sources and claims are signed by their own agents', () => {
  assert.equal(firsts.length, 3);
  for (const { id, content, signatures } of [...dataset.sources, dataset.epoch, ...firsts]) {
    assert.equal(idOf(content), id);
    assert.equal(signatures.length, 1);
    for (const { agent_id, signature } of signatures) {
      assert.equal(agent_id, content.agent_id);
      assert.ok(verifySignature(content.kind, id, agent_id, signature, nobleVerify));
    }
  }
});

test('the claims of web-features rest on MDN, all others on themselves', () => {
  const mdn = dataset.sources.find((source) => source.name === 'mdn');
  for (const { content } of firsts) {
    const name = nameOf.get(content.agent_id);
    const own = dataset.sources.find((source) => source.name === name);
    assert.equal(content.source, own?.id);
    assert.deepEqual(content.derived_from, name === 'web-features' ? [mdn?.id] : undefined);
    assert.equal(content.asserted_at, own?.content.published_at);
  }
});
