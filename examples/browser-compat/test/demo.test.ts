/** The demo's story against a database in memory, twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignatureHex } from '@stemedb/model';
import { ContestedPairs } from '../src/contested.js';
import { type DemoOutput, openDataset, runDemo } from '../src/index.js';
import { MemoryClient } from './memory-client.js';
import { rederive } from './rederive.js';

class Lines implements DemoOutput {
  readonly texts: string[] = [];
  readonly tables = new Map<string, readonly (readonly string[])[]>();
  progressed = 0;
  stopped = 0;
  #section = '';

  section(title: string): void {
    this.#section = title;
    this.texts.push(title);
  }

  line(text: string): void {
    this.texts.push(text);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    for (const row of rows) assert.equal(row.length, head.length, this.#section);
    this.tables.set(`${this.#section}: ${head[0]}`, rows);
  }

  progress(): { update: (done: number) => void; stop: () => void } {
    return {
      update: (done) => {
        this.progressed = done;
      },
      stop: () => {
        this.stopped += 1;
      },
    };
  }

  includes(part: string): boolean {
    return this.texts.some((text) => text.includes(part));
  }
}

const dataset = openDataset(() => '0'.repeat(128) as SignatureHex);
const url = 'http://127.0.0.1:18180';

test('the demo loads, shows conflicts that hold, the echo, and adds nothing twice', async () => {
  const client = new MemoryClient();
  const first = new Lines();
  const report = await runDemo(client, first, { dataset, url });
  assert.equal(report.created, dataset.total);
  assert.equal(first.progressed, dataset.total);
  assert.equal(first.stopped, 1);
  assert.ok(!first.includes('Nothing was added'));

  assert.equal(report.conflicts.length, 50);
  for (const { path, values } of report.conflicts) {
    assert.ok(new Set(Object.values(values)).size > 1, path);
    for (const [name, value] of Object.entries(values)) {
      assert.equal(rederive(path, name), value, `${name} on ${path}`);
    }
  }
  const features = report.conflicts.map(({ path }) => path.split('/')[2]);
  assert.equal(new Set(features).size, 50, 'one of each feature');

  assert.ok(first.includes('3 claims, 2 voices'));
  const lenses = [...first.tables].find(([name]) => name.endsWith(': lens'))?.[1];
  assert.deepEqual(
    lenses?.map((row) => row[0]),
    ['recency', 'consensus', 'layered', 'skeptic'],
  );
  assert.ok(first.includes(`curl '${url}/v1/query`));

  const second = new Lines();
  const again = await runDemo(client, second, { dataset, url });
  assert.equal(again.created, 0);
  assert.equal(again.duplicate, dataset.total);
  assert.ok(second.includes('Nothing was added'));
  assert.deepEqual(again.conflicts, report.conflicts);
});

test('the progress bar stops when sending fails', async () => {
  const client = new MemoryClient();
  client.sendClaims = () => Promise.reject(new Error('gone'));
  const output = new Lines();
  await assert.rejects(runDemo(client, output, { dataset, url }), /gone/);
  assert.equal(output.stopped, 1);
});

const pair = (
  path: string,
  conflict: number,
  claims = 2,
): Parameters<ContestedPairs['offer']>[0] => ({
  concept_path: path,
  conflict_score: conflict,
  entropy_bits: conflict,
  candidates_count: claims,
});

test('contested pairs: the best of each feature, ordered, bounded, in any order of offers', () => {
  const offers = [
    pair('f/a/x', 0.5),
    pair('f/a/y', 1),
    pair('f/b/x', 1, 3),
    pair('f/c/x', 0),
    pair('f/d/x', 0.9),
    pair('f/e/x', 1),
  ];
  for (const list of [offers, [...offers].reverse()]) {
    const top = new ContestedPairs(3);
    for (const offer of list) top.offer(offer);
    assert.deepEqual(
      top.list().map((each) => each.concept_path),
      ['f/b/x', 'f/a/y', 'f/e/x'],
    );
    const roomy = new ContestedPairs(10);
    for (const offer of list) roomy.offer(offer);
    assert.deepEqual(
      roomy.list().map((each) => each.concept_path),
      ['f/b/x', 'f/a/y', 'f/e/x', 'f/d/x'],
    );
  }
});
