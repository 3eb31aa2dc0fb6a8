/** Logs and databases in real temporary directories, for the offline commands. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { signerFromSeed } from '@stemedb/client';
import {
  canonicalBytes,
  defaultPolicyTable,
  type JsonValue,
  type Outcome,
  recordIdOf,
} from '@stemedb/model';
import { type Database, openDatabase } from '../../src/bin/database.js';
import { systemEffects } from '../../src/bin/system_effects.js';
import type { ReplayProgress } from '../../src/store/replay.js';

export interface TestDirectories {
  readonly walDir: string;
  readonly dbDir: string;
}

export const scratchDirectories = async (context: TestContext): Promise<TestDirectories> => {
  const root = await mkdtemp(join(tmpdir(), 'stemedb-ops-'));
  context.after(() => rm(root, { recursive: true, force: true }));
  return { walDir: join(root, 'wal'), dbDir: join(root, 'db') };
};

export const must = <T>(outcome: Outcome<T>): T => {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.detail}`);
};

export interface OpenOptions {
  readonly segmentBytesMax?: number;
  readonly policy?: boolean;
  readonly onReplay?: (progress: ReplayProgress) => void;
}

export const openReal = (
  directories: TestDirectories,
  options: OpenOptions = {},
): Promise<Outcome<Database>> => {
  const { segmentBytesMax, policy = true, onReplay } = options;
  return openDatabase(
    {
      ...directories,
      signatures: 'optional',
      policy: policy ? defaultPolicyTable : 'as_recorded',
      freeBytesMin: 0,
      ...(segmentBytesMax !== undefined && { segmentBytesMax }),
    },
    { ...systemEffects(), ...(onReplay !== undefined && { onReplay }) },
  );
};

const signer = signerFromSeed(new Uint8Array(32).fill(9));

/** A signed claim of this agent; the same number gives the same id. */
export const signedClaim = (index: number) => {
  const content = {
    agent_id: signer.agentId,
    asserted_at: 1_700_000_000_000 + index,
    concept_path: `thing/${index % 7}`,
    predicate: 'size',
    value: `${index} ${'x'.repeat(200)}`,
  };
  const whole: JsonValue = { kind: 'assertion', v: 1, ...content };
  const id = recordIdOf(canonicalBytes(whole));
  const signatures = [{ agent_id: signer.agentId, signature: signer.sign('assertion', id) }];
  return { kind: 'assertion', content, signatures } as const;
};

/** States signed and unsigned claims; the unsigned ones come from the node. */
export const fill = async (database: Database, count: number): Promise<void> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const submissions = Array.from({ length: count }, (_, index) => {
    const signed = signedClaim(index);
    const { agent_id, ...unsigned } = signed.content;
    return index % 3 === 0 ? signed : { kind: 'assertion' as const, content: unsigned };
  });
  for (let at = 0; at < submissions.length; at += 50) {
    const outcomes = await database.ingest.submitAll(principal, submissions.slice(at, at + 50));
    for (const outcome of outcomes) assert.ok(outcome.ok, JSON.stringify(outcome));
  }
};

/** A closed database with this many claims over several segments. */
export const filledDirectories = async (
  context: TestContext,
  count = 120,
): Promise<TestDirectories> => {
  const directories = await scratchDirectories(context);
  const database = must(await openReal(directories, { segmentBytesMax: 16 * 1024 }));
  await fill(database, count);
  await database.close();
  return directories;
};
