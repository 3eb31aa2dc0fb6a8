/** The older release: whole features only, each derived again from the older files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignatureHex } from '@stemedb/model';
import { sharedBrowsers } from '../src/browsers.js';
import { openReleases } from '../src/index.js';
import { rederiveOlder } from './rederive.js';

const { older, newer } = openReleases(() => '0'.repeat(128) as SignatureHex);
const nameOf = new Map<string, string>(older.sources.map((s) => [s.content.agent_id, s.name]));

const said = new Map<string, unknown>();
for (const { content } of older.claims()) {
  said.set(`${nameOf.get(content.agent_id)} ${content.concept_path}`, content.value);
  assert.equal(content.epoch, older.epoch.id);
}

test('every source speaks, and about whole features only', () => {
  assert.equal(said.size, older.total);
  for (const count of Object.values(older.counts)) assert.ok(count > 1_000);
  for (const saying of said.keys()) assert.match(saying, /^\S+ web\/feature\/[^/]+\/[^/]+$/);
});

test('every claim is derived again, and what can be derived is claimed', () => {
  const features = new Set([...said.keys()].map((saying) => saying.split('/')[2]));
  for (const feature of features) {
    for (const { id } of sharedBrowsers) {
      const path = `web/feature/${feature}/${id}`;
      for (const name of nameOf.values()) {
        const saying = `${name} ${path}`;
        assert.equal(said.get(saying), rederiveOlder(path, name), saying);
      }
    }
  }
});

test('the newer release supersedes the older one, by the same author, with the same keys', () => {
  assert.deepEqual(newer.epoch.content.supersedes, [older.epoch.id]);
  assert.equal(newer.epoch.content.agent_id, older.epoch.content.agent_id);
  assert.ok(newer.epoch.content.asserted_at > older.epoch.content.asserted_at);
  const agents = (release: typeof older): readonly string[] =>
    release.sources.map((source) => source.content.agent_id);
  assert.deepEqual(agents(newer), agents(older));
  assert.notEqual(newer.sources[0]?.id, older.sources[0]?.id);
});
