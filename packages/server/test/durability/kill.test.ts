/**
 * Fault 1: SIGKILL during mixed writes. The ledger of what was sent and what was acknowledged is
 * kept here, outside the server: nothing acknowledged may be lost, nothing invented.
 */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '@stemedb/model';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';

const kills = countOf(25, 1000);
const seed = Number(process.env.STEMEDB_SEED ?? 20_261_121);

interface Ledger {
  /** Every claim that was ever sent, by its value. */
  readonly sent: Set<string>;
  /** Acknowledged claims: id by value. */
  readonly acknowledged: Map<string, string>;
}

const claim = (value: string): object => ({
  concept_path: `kill/${value.split('-')[0]}`,
  predicate: 'states',
  value,
});

const single = async (server: ServerProcess, ledger: Ledger, value: string): Promise<void> => {
  ledger.sent.add(value);
  const answer = await server.post('/v1/assert', claim(value));
  if (answer.status === 201 || answer.status === 200) {
    ledger.acknowledged.set(value, (answer.body as { id: string }).id);
  }
};

const many = async (server: ServerProcess, ledger: Ledger, values: string[]): Promise<void> => {
  for (const value of values) ledger.sent.add(value);
  const answer = await server.post('/v1/assert/batch', values.map(claim));
  if (answer.status !== 200 && answer.status !== 201) return;
  const { results } = answer.body as { results: { id?: string; status: string }[] };
  for (const [at, value] of values.entries()) {
    const id = results[at]?.id;
    if (id !== undefined) ledger.acknowledged.set(value, id);
  }
};

/** Writes without pause until the server is gone. */
const writer = async (
  server: ServerProcess,
  ledger: Ledger,
  name: string,
  random: Seeded,
): Promise<void> => {
  for (let count = 0; ; count += 1) {
    try {
      if (random.chance(0.2)) {
        const values = Array.from({ length: 10 }, (_, at) => `${name}-${count}-${at}`);
        await many(server, ledger, values);
      } else {
        await single(server, ledger, `${name}-${count}`);
      }
    } catch {
      return;
    }
  }
};

/** Every stored claim, by its value, read through questions page by page. */
const stored = async (server: ServerProcess): Promise<Map<string, string[]>> => {
  const found = new Map<string, string[]>();
  const concepts = new Set<string>();
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await server.get(`/v1/query?prefix=kill&limit=1000${more}`);
    assert.equal(page.status, 200, JSON.stringify(page.body));
    const answer = page.body as Answer;
    for (const result of answer.results) concepts.add(result.concept_path);
    cursor = answer.next_cursor;
  } while (cursor !== undefined);
  for (const concept of concepts) {
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const query = `concept_path=${concept}&explain=true&explain_offset=${offset}`;
      const answer: Answer = (await server.get(`/v1/query?${query}`)).body as Answer;
      const explain = answer.results[0]?.explain as {
        candidates: { assertion: string }[];
        next_offset?: number;
      };
      for (const { assertion } of explain.candidates) {
        found.set(assertion, [...(found.get(assertion) ?? []), concept]);
      }
      offset = explain.next_offset;
    }
  }
  return found;
};

const checkLedger = async (server: ServerProcess, ledger: Ledger, from: number): Promise<void> => {
  const entries = [...ledger.acknowledged].slice(from);
  for (let at = 0; at < entries.length; at += 32) {
    await Promise.all(
      entries.slice(at, at + 32).map(async ([value, id]) => {
        const answer = await server.get(`/v1/assertions/${id}`);
        assert.equal(answer.status, 200, `acknowledged ${value} (${id}) is lost`);
        const { record } = answer.body as { record: { value: string } };
        assert.equal(record.value, value);
      }),
    );
  }
};

test(`${kills} kills under load lose and invent nothing`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed);
  const ledger: Ledger = { sent: new Set(), acknowledged: new Map() };
  let server = await ServerProcess.start();
  const { directory } = server;
  try {
    for (let round = 0; round < kills; round += 1) {
      const before = ledger.acknowledged.size;
      const writers = Array.from({ length: 8 }, (_, at) =>
        writer(server, ledger, `r${round}w${at}`, random),
      );
      await sleep(40 + random.below(260));
      await server.stop('SIGKILL');
      await Promise.all(writers);
      server = await ServerProcess.spawn({ directory });
      await server.ready(10_000);
      await checkLedger(server, ledger, before);
    }
    await checkLedger(server, ledger, 0);
    const found = await stored(server);
    assert.ok(
      ledger.acknowledged.size > kills,
      'the load acknowledged too little to prove a thing',
    );
    assert.ok(found.size >= ledger.acknowledged.size);
    assert.ok(found.size <= ledger.sent.size, 'the server holds claims that nobody sent');
    for (const id of found.keys()) {
      const { record } = (await server.get(`/v1/assertions/${id}`)).body as {
        record: { value: string };
      };
      assert.ok(ledger.sent.has(record.value), `${id} was never sent`);
    }
    t.diagnostic(`${ledger.acknowledged.size} acknowledged, ${found.size} stored`);
  } finally {
    await server.stop('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }
});
