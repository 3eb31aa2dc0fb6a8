/**
 * A record as answers state it, with its signatures. Anybody may sign a record, so there may be any
 * number of them: all are counted, from the index alone, and only those that are listed are read.
 *
 * Which are listed depends on no order of arrival: the author's own first, then by agent and by
 * signature.
 */
import type { AgentId, HlcStamp, RecordId, StatedRecord } from '@stemedb/model';
import { formatTime, kindNumber, stampMs } from '@stemedb/model';
import type { PlacedReference, StoreSnapshot } from '../store/store.js';
import type { Moment } from './as_of.js';
import { type Pace, rowsPerRecord } from './pace.js';
import type { RecordReader, Stored } from './records.js';
import { Smallest } from './smallest.js';
import { authorOf, type StoredRecord } from './stored_json.js';

/** Signatures that one record lists. */
const listedSignaturesMax = 100;

/** What is read of a reading for this. */
export interface SignatureReading {
  readonly snapshot: StoreSnapshot;
  readonly reader: RecordReader;
  readonly moment: Moment;
  readonly pace: Pace;
}

type StatedSignature = NonNullable<StatedRecord['signatures']>[number];

/** The first signers in the order of the list, with how many signatures each has. */
class FirstSigners {
  readonly #author: AgentId;
  #counts = new Map<AgentId, number>();

  constructor(author: AgentId) {
    this.#author = author;
  }

  /** Orders as the list does. */
  keyOf(agent: AgentId): string {
    return agent === this.#author ? '' : agent;
  }

  add(agent: AgentId): void {
    this.#counts.set(agent, (this.#counts.get(agent) ?? 0) + 1);
    // Behind so many signers, each with one signature at least, nobody is listed any more.
    if (this.#counts.size > 2 * listedSignaturesMax) this.#counts = new Map(this.#first());
  }

  /** The signers whose signatures may be listed. */
  listed(): ReadonlySet<AgentId> {
    const signers = new Set<AgentId>();
    let signatures = 0;
    for (const [agent, count] of this.#first()) {
      if (signatures >= listedSignaturesMax) break;
      signers.add(agent);
      signatures += count;
    }
    return signers;
  }

  #first(): readonly (readonly [AgentId, number])[] {
    return [...this.#counts]
      .sort(([one], [other]) => (this.keyOf(one) < this.keyOf(other) ? -1 : 1))
      .slice(0, listedSignaturesMax);
  }
}

interface Signatures {
  readonly listed: readonly StatedSignature[];
  readonly count: number;
  /** Of all that are counted; undefined when there is none. */
  readonly newestStamp: HlcStamp | undefined;
  /** True when none is left out because it was recorded after the moment. */
  readonly isWhole: boolean;
}

const signaturesOf = async (
  { snapshot, reader, moment, pace }: SignatureReading,
  id: RecordId,
  record: StoredRecord,
): Promise<Signatures> => {
  let signers: FirstSigners | undefined;
  let count = 0;
  let newestStamp: HlcStamp | undefined;
  let isWhole = true;
  const first: PlacedReference[] = [];
  for (const attestation of snapshot.attestations(id)) {
    await pace.spend(1);
    const { stamp } = attestation.place;
    if (stamp > moment.stamp) {
      isWhole = false;
      continue;
    }
    if (newestStamp === undefined || stamp > newestStamp) newestStamp = stamp;
    count += 1;
    if (count <= listedSignaturesMax) first.push(attestation);
    signers ??= new FirstSigners(authorOf(record));
    signers.add(snapshot.agent(attestation.agentNumber));
  }
  if (signers === undefined) return { listed: [], count, newestStamp, isWhole };
  const wanted = signers.listed();
  const listed = new Smallest<StatedSignature>(listedSignaturesMax);
  // They are walked once more when there are so many that not all can be listed.
  const attestations = count === first.length ? first : snapshot.attestations(id);
  for (const { id: attestation, place, agentNumber } of attestations) {
    await pace.spend(1);
    const agent = snapshot.agent(agentNumber);
    if (place.stamp > moment.stamp || !wanted.has(agent)) continue;
    await pace.spend(rowsPerRecord);
    const read = reader.readAt(attestation, place, moment.stamp, kindNumber.attestation);
    const content = read?.record.parsed;
    if (content?.kind !== 'attestation') continue;
    const { signature } = content;
    listed.add(`${signers.keyOf(agent)} ${signature}`, { agent_id: agent, signature });
  }
  return { listed: listed.values(), count, newestStamp, isWhole };
};

/** The record with its signatures; undefined when it is not here at the moment, or not of the kind
 * with this number. */
export const statedWithSignatures = async (
  reading: SignatureReading,
  id: RecordId,
  kind?: number,
): Promise<StatedRecord | undefined> => {
  const stored = await storedWithSignatures(reading, { id }, kind);
  return stored && { ...stored.stated, record: stored.stated.record.parsed };
};

/** A record in its stored form with its signatures, and for which moments that holds. */
interface StoredWithSignatures {
  readonly stated: StatedRecord<StoredRecord>;
  /** Of the record and of the signatures that are counted. */
  readonly newestStamp: HlcStamp;
  /** True when it holds for every later moment, too, as long as nobody else signs. */
  readonly isWhole: boolean;
}

/** The same with the record in its stored form. */
export const storedWithSignatures = async (
  reading: SignatureReading,
  { id, home }: Stored,
  kind?: number,
): Promise<StoredWithSignatures | undefined> => {
  const read = reading.reader.read(id, reading.moment.stamp, kind, home);
  if (read === undefined) return undefined;
  const { record, stamp, proof } = read;
  const { listed, count, newestStamp, isWhole } = await signaturesOf(reading, id, record);
  const stated = {
    id,
    record,
    recorded_at: formatTime(stampMs(stamp)),
    recorded_stamp: stamp,
    proof,
    ...(count > 0 ? { signatures: listed } : {}),
    ...(count > listed.length ? { signatures_count: count } : {}),
  };
  const isSignedLater = newestStamp !== undefined && newestStamp > stamp;
  return { stated, newestStamp: isSignedLater ? newestStamp : stamp, isWhole };
};
