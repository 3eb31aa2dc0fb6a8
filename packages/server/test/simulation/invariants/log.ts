/**
 * The log against the ledger: sequences without a gap, stamps that rise with them, everything that
 * was acknowledged or shown at its place, nothing that was never sent, and every list that was
 * answered is what the log says of its moment.
 */
import {
  type AgentId,
  type HlcStamp,
  kindOfNumber,
  type RecordId,
  recordIdOf,
} from '@stemedb/model';
import type { Database } from '../../../src/bin/database.js';
import { hold, type Ledger, type ShownList } from '../ledger.js';

interface Entry {
  readonly id: RecordId;
  readonly kind: string | undefined;
  readonly stamp: HlcStamp;
  readonly bytes: Uint8Array;
}

const readLog = async ({ log }: Database): Promise<readonly Entry[]> => {
  const entries: Entry[] = [];
  for await (const chunk of log.iterate({ sequence: 1 })) {
    for (const { sequence, kind, stamp, bytes } of chunk) {
      hold(sequence === entries.length + 1, 'sequences have no gap', () => {
        return `${sequence} after ${entries.length}`;
      });
      const last = entries.at(-1)?.stamp ?? '';
      hold(stamp > last, 'stamps rise with the sequence', () => `${sequence}: ${stamp} <= ${last}`);
      entries.push({ id: recordIdOf(bytes), kind: kindOfNumber(kind), stamp, bytes });
    }
  }
  return entries;
};

/** Reads the whole log; what is noted while it is read is for the next audit. */
export const auditLog = async (database: Database, ledger: Ledger): Promise<void> => {
  const acknowledged = [...ledger.acknowledged];
  const shown = [...ledger.shown];
  const lists = [...ledger.lists];
  const named = [...ledger.namedIds];
  const { reachedSequence, log: before } = ledger;
  const log = await readLog(database);
  const byId = new Map(log.map((entry, at) => [entry.id, { ...entry, sequence: at + 1 }]));
  hold(
    byId.size === log.length,
    'a record is logged once',
    () => `${log.length - byId.size} twice`,
  );
  for (const { id, kind, bytes } of log) {
    const sent = ledger.sent.get(id);
    if (kind === 'policy') continue;
    hold(sent !== undefined, 'what was never sent is not there', () => `${kind} ${id}`);
    hold(Buffer.compare(sent.bytes, bytes) === 0, 'what is there was sent so', () => id);
  }
  for (const [at, { id, stamp }] of before.entries()) {
    const now = log[at];
    hold(now?.id === id && now.stamp === stamp, 'a log that was read stays', () => {
      return `${at + 1} was ${id} and is ${now?.id ?? 'gone'}`;
    });
  }
  for (const [id, { sequence, stamp }] of acknowledged) {
    const found = byId.get(id);
    const isThere = found?.sequence === sequence && found.stamp === stamp;
    hold(isThere, 'nothing acknowledged is lost', () => {
      return `${id} at ${sequence} ${stamp}, found ${found?.sequence} of ${log.length}`;
    });
  }
  for (const [id, stamp] of shown) {
    const found = byId.get(id);
    hold(found?.stamp === stamp, 'what was shown is there', () => `${id} ${found?.stamp}`);
  }
  for (const id of named) hold(byId.has(id), 'what an answer names is there', () => id);
  hold(reachedSequence <= log.length, 'a position that was reached is durable', () => {
    return `${reachedSequence} of ${log.length}`;
  });
  for (const list of lists) checkList(list, log, ledger.signedAlone);
  if (ledger.log.length <= log.length) ledger.log = log.map(({ id, stamp }) => ({ id, stamp }));
};

/** The list is what the log has of its kind up to its moment, and cuts no unit in two. */
const checkList = (
  list: ShownList,
  log: readonly Entry[],
  signedAlone: ReadonlySet<RecordId>,
): void => {
  const { kind, agentId, ids, asOf, isStated, minSequence } = list;
  const upTo = log.filter(({ stamp }) => stamp <= asOf);
  const expected = upTo
    .filter((entry) => entry.kind === kind && (agentId === undefined || isBy(entry, agentId)))
    .map(({ id }) => id);
  const isSame = expected.length === ids.length && expected.every((id, at) => id === ids[at]);
  hold(isSame, 'a list is what the log has up to its moment', () => {
    return `${kind} as of ${asOf}: ${ids.length} of ${expected.length}`;
  });
  if (isStated) return;
  hold(upTo.length >= minSequence, 'an answer has reached its min_position', () => {
    return `${minSequence}, but it shows ${upTo.length}`;
  });
  const next = log[upTo.length];
  const last = upTo.at(-1);
  const isSignature = last?.kind === 'attestation' && !signedAlone.has(last.id);
  const isCut = isSignature && next !== undefined && isUnit(last, next);
  hold(!isCut, 'a record is visible with its signature or not at all', () => `as of ${asOf}`);
};

const isBy = ({ bytes }: Entry, agentId: AgentId): boolean =>
  Buffer.from(bytes).includes(`"agent_id":"${agentId}"`);

/** A signature that came with the record behind it. */
const isUnit = (attestation: Entry, record: Entry): boolean =>
  record.kind !== 'attestation' && Buffer.from(attestation.bytes).includes(record.id);
