/**
 * An attacker who owns the disk and the node's key: rewrites the log with our own writer, so that
 * CRCs, chain, marks, store, tree and the node's checkpoint are all as they should be.
 */
import type { HlcStamp, JsonObject, Outcome } from '@stemedb/model';
import { canonicalBytes, decodeStored, type JsonValue, kindNumber } from '@stemedb/model';
import type { Clock } from '../../src/io/clock.js';
import type { Disk } from '../../src/io/disk.js';
import type { Identity } from '../../src/log/identity.js';
import type { Log, LogEntry } from '../../src/log/log.js';
import { openLog } from '../../src/log/open_log.js';
import type { Seeded } from '../support/seeded.js';

export const attacks = [
  'content altered',
  'stamp altered',
  'removed',
  'inserted',
  'repeated',
  'reordered',
  'forked',
  'rolled back',
] as const;
export type Attack = (typeof attacks)[number];

/** The records after the attack, which lies within the first `signed` of them. */
export const attacked = (
  attack: Attack,
  records: readonly LogEntry[],
  signed: number,
  random: Seeded,
): readonly LogEntry[] => {
  // The last of the signed ones, said twice, would change none of them.
  const at = random.below(attack === 'repeated' ? signed - 1 : signed);
  const victim = entryAt(records, at);
  switch (attack) {
    case 'content altered':
      return records.with(at, altered(victim, random));
    case 'stamp altered':
      return records.with(at, { ...victim, stamp: laterBy(victim.stamp, 1 + random.below(1000)) });
    case 'removed':
      return records.toSpliced(at, 1);
    case 'inserted':
      return records.toSpliced(at, 0, invented(victim.stamp, random));
    case 'repeated':
      return records.toSpliced(at, 0, victim);
    case 'reordered': {
      const other = (at + 1 + random.below(signed - 1)) % signed;
      return records.with(at, entryAt(records, other)).with(other, victim);
    }
    case 'forked': {
      const tail = records.slice(at).map((entry) => altered(entry, random));
      return [...records.slice(0, at), ...tail, invented(victim.stamp, random)];
    }
    case 'rolled back':
      return records.slice(0, at);
  }
};

const entryAt = (records: readonly LogEntry[], at: number): LogEntry => {
  const entry = records[at];
  if (entry === undefined) throw new RangeError(`There is no record ${at}.`);
  return entry;
};

/** The same kind of record that says something else; its id is that of what it says. */
const altered = (entry: LogEntry, random: Seeded): LogEntry => {
  const content = decodeStored(entry.bytes);
  // Signatures of others he cannot make, but he can say that they came at another time.
  if (content.kind === 'attestation') return { ...entry, stamp: laterBy(entry.stamp, 1) };
  const forged = `forged ${random.below(2 ** 32)}`;
  const changed =
    content.kind === 'assertion'
      ? { ...content, value: forged }
      : { ...content, asserted_at: random.below(2 ** 32) };
  return { ...entry, bytes: canonicalBytes(changed as unknown as JsonValue) };
};

/** A claim that nobody made, under a stamp near that of another. */
const invented = (stamp: HlcStamp, random: Seeded): LogEntry => {
  const content: JsonObject = {
    kind: 'assertion',
    v: 1,
    agent_id: '11'.repeat(32),
    asserted_at: 1,
    concept_path: 'a/b',
    predicate: 'p',
    value: `invented ${random.below(2 ** 32)}`,
  };
  const [kind, bytes] = [kindNumber.assertion, canonicalBytes(content)];
  return { kind, shard: 0, proof: 'node', stamp: laterBy(stamp, 1), bytes };
};

/** The stamp with its counter raised. */
const laterBy = (stamp: HlcStamp, steps: number): HlcStamp => {
  const raised = (BigInt(`0x${stamp}`) + (BigInt(steps) << 64n)).toString(16);
  return raised.padStart(32, '0') as HlcStamp;
};

/** Writes the records into an empty log directory as that node would have. */
export const writeForged = async (
  disk: Disk,
  clock: Clock,
  directory: string,
  { databaseId, logId }: Identity,
  records: readonly LogEntry[],
): Promise<void> => {
  const options = { directory, databaseId, logId, freeBytesMin: 0, segmentBytesMax: 4096 };
  const { log } = must(await openLog(disk, clock, options));
  for (let at = 0; at < records.length; at += 4) must(await log.append(records.slice(at, at + 4)));
  await log.close();
};

/** All records of a log, ready to be written again. */
export const entriesOf = async (log: Pick<Log, 'iterate'>): Promise<readonly LogEntry[]> => {
  const entries: LogEntry[] = [];
  for await (const chunk of log.iterate({ sequence: 1 })) {
    for (const { kind, shard, stamp, proof, bytes } of chunk) {
      entries.push({ kind, shard, stamp, proof, bytes: Buffer.from(bytes) });
    }
  }
  return entries;
};

const must = <T>(outcome: Outcome<T>): T => {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.detail}`);
};
