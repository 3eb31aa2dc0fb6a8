/**
 * Holds a server, or its stopped directories, against the ledger: nothing acknowledged is lost,
 * nothing is there that was never sent, and hashes, signatures and proofs verify.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import {
  type AgentId,
  canonicalBytes,
  type JsonObject,
  leafData,
  parseRecordId,
  parseStamp,
  type RecordContent,
  type RecordId,
  recordIdOf,
  signatureMessage,
} from '@stemedb/model';
import {
  sigstoreCheckpoint,
  sigstoreIncludes,
  transmuteConsistent,
} from '../../log/merkle/others.js';
import { directoriesOf, runCli } from '../../support/cli_process.js';
import type { Seeded } from '../../support/seeded.js';
import { cliBinary } from '../../support/server_process.js';
import type { Wire } from '../../support/wire.js';
import type { Ledger, Sent } from './ledger.js';

const read = async <T>(wire: Wire, path: string): Promise<T> => {
  const said = await wire.get(path);
  assert.equal(said?.status, 200, `${path}: ${said?.text ?? 'no answer'}`);
  return JSON.parse(said?.text ?? '') as T;
};

/** Sent again, everything acknowledged is answered as a duplicate, and no record is made. */
export const areDuplicates = async (wire: Wire, round: readonly Sent[]): Promise<void> => {
  if (round.length === 0) return;
  const said = await wire.postLines(
    '/v1/records',
    round.map(({ text }) => text),
    () => undefined,
  );
  const end = JSON.parse(said?.text.trim().split('\n').at(-1) ?? '{}') as object;
  const counts = { lines: round.length, created: 0, duplicate: round.length, refused: 0 };
  assert.deepEqual(end, { ...end, type: 'end', ...counts }, said?.text);
};

/** Only the policy of the first start comes from the server itself. */
const ownRecords = 1;

/** The server holds no more than was sent and no less than it acknowledged. */
export const countsAgree = async (wire: Wire, ledger: Ledger): Promise<number> => {
  const { record_count: held } = await read<{ record_count: number }>(wire, '/v1/health');
  assert.ok(held >= ledger.acknowledged.length + ownRecords, `${held} records: some are lost`);
  assert.ok(held <= ledger.sentCount + ownRecords, `${held} records: some were never sent`);
  return held;
};

interface Inclusion {
  readonly recorded_stamp: string;
  readonly leaf_index: number;
  readonly tree_size: number;
  readonly hashes: readonly string[];
  readonly root: string;
}

const decoded = (hashes: readonly string[]): readonly Buffer[] =>
  hashes.map((hash) => Buffer.from(hash, 'base64'));

/** Some acknowledged records, read back: the content hashes to the id, the proof verifies. */
export const samplesVerify = async (
  wire: Wire,
  ledger: Ledger,
  random: Seeded,
  count: number,
): Promise<void> => {
  const ids = Array.from({ length: count }, () => random.pick(ledger.acknowledged));
  const check = async (id: RecordId): Promise<void> => {
    const { record } = await read<{ record: JsonObject }>(wire, `/v1/records/${id}`);
    assert.equal(recordIdOf(canonicalBytes(record)), id);
    const proof = await read<Inclusion>(wire, `/v1/log/proof/inclusion?id=${id}`);
    const stamp = parseStamp(proof.recorded_stamp);
    assert.ok(stamp !== undefined);
    const root = Buffer.from(proof.root, 'base64');
    const { leaf_index: index, tree_size: size, hashes } = proof;
    assert.ok(sigstoreIncludes(leafData(id, stamp), index, size, decoded(hashes), root), id);
  };
  await Promise.all(ids.map(check));
};

export interface Checkpoint {
  readonly note: string;
  readonly vkey: string;
}

export const checkpointOf = async (wire: Wire, vkey: string): Promise<Checkpoint | undefined> => {
  const said = await wire.get('/v1/log/checkpoint');
  return said?.status === 200 ? { note: said.text, vkey } : undefined;
};

export const logKeyOf = async (wire: Wire): Promise<string> =>
  (await read<{ vkey: string }>(wire, '/v1/log/key')).vkey;

/** The log that an earlier checkpoint was signed for is the beginning of the one of today. */
export const checkpointHolds = async (wire: Wire, early: Checkpoint): Promise<void> => {
  const late = await checkpointOf(wire, early.vkey);
  assert.ok(late !== undefined);
  const [first, second] = [early, late].map(({ note, vkey }) => {
    const { logSize, logHash } = sigstoreCheckpoint(note, vkey);
    return [Number(logSize), logHash] as const;
  });
  assert.ok(first !== undefined && second !== undefined);
  const path = `/v1/log/proof/consistency?from=${first[0]}&to=${second[0]}`;
  const { hashes } = await read<{ hashes: readonly string[] }>(wire, path);
  if (first[0] === second[0]) assert.deepEqual(first[1], second[1]);
  else assert.ok(await transmuteConsistent(first, second, decoded(hashes)), `${first[0]}`);
};

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const publicKeys = new Map<AgentId, KeyObject>();
const publicKeyOf = (agent: AgentId): KeyObject => {
  const known = publicKeys.get(agent);
  if (known !== undefined) return known;
  const der = Buffer.concat([spkiPrefix, Buffer.from(agent, 'hex')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  publicKeys.set(agent, key);
  return key;
};

/** An export line: the bytes of the record stand in it as they are in the log. */
const exportLine = /^\{"record":(.*),"stamp":"[0-9a-f]{32}","proof":"(?:node|signature)"\}$/s;

const checkExported = (line: string, ledger: Ledger): RecordId => {
  const text = exportLine.exec(line)?.[1] ?? assert.fail(`no export line: ${line}`);
  const id = recordIdOf(Buffer.from(text));
  const record = JSON.parse(text) as RecordContent;
  if (record.kind === 'policy') return id;
  assert.ok(ledger.wasSent(id), `nobody sent ${text}`);
  if (record.kind === 'attestation') {
    const message = signatureMessage('assertion', record.target);
    const signature = Buffer.from(record.signature, 'hex');
    assert.ok(verify(null, message, publicKeyOf(record.agent_id), signature), text);
  }
  return id;
};

/**
 * The whole log as the disk has it, read without the server: every record was sent, every signature
 * verifies, everything acknowledged is there. Gives the number of records.
 */
export const logAgrees = async (directory: string, ledger: Ledger): Promise<number> => {
  const words = ['export', '--wal-dir', `${directory}/wal`];
  const child = spawn(process.execPath, [cliBinary, ...words], {
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  const held = new Set<RecordId>();
  for await (const line of createInterface({ input: child.stdout })) {
    held.add(checkExported(line, ledger));
  }
  assert.deepEqual(await ended, [0, null]);
  const lost = ledger.acknowledged.filter((id) => !held.has(id));
  assert.deepEqual(lost, [], 'acknowledged and lost');
  return held.size;
};

/** Every byte of log, tree and store; after a kill there may be a torn tail and nothing else. */
export const filesVerify = async (directory: string, mayBeTorn: boolean): Promise<void> => {
  const { exit, out, err } = await runCli('verify', '--json', ...directoriesOf(directory));
  if (exit === 0) return;
  const { list } = JSON.parse(out) as { list: readonly { readonly severity: string }[] };
  const others = list.filter(({ severity }) => severity !== 'torn_tail');
  assert.ok(mayBeTorn && exit === 1 && others.length === 0, `verify ${exit}: ${out}${err}`);
};

/** A record that was never sent: what the checks above must miss in every log. */
export const unsent = (): Sent => {
  const id = parseRecordId('0'.repeat(64));
  assert.ok(id !== undefined);
  return { id, kind: 'assertion', text: '' };
};
