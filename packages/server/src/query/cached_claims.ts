/**
 * Claims that answers name as their winners, as they state them: with every signature. Whoever
 * signs such a claim later touches its id, and then it is read anew.
 *
 * Kept is what holds at every moment from the newest stamp in it on: a question of an earlier one
 * reads for itself.
 */
import type { HlcStamp, StatedRecord } from '@stemedb/model';
import { counterOfId } from './generations.js';
import type { CacheSection, QueryCache } from './query_cache.js';
import { ReadSet } from './read_set.js';
import type { Stored } from './records.js';
import { type SignatureReading, storedWithSignatures } from './signatures.js';
import { ownCopy, StoredJson, type StoredRecord } from './stored_json.js';

/** Bytes of what surrounds a claim, and of one signature with its author. */
const statedBytes = 512;
const signatureBytes = 512;

/** With a record that is the answer's own: what it parses of it goes when the answer does, while in
 * what is kept it would stay, many times as large as the bytes that are counted. */
const withOwnRecord = (stated: StatedRecord<StoredRecord>): StatedRecord<StoredRecord> => ({
  ...stated,
  record: new StoredJson(stated.record.bytes),
});

interface KeptClaim {
  readonly stated: StatedRecord<StoredRecord>;
  /** Of the claim and of all that signed it. */
  readonly newestStamp: HlcStamp;
}

export class CachedClaims {
  /** Undefined: every claim is read. */
  readonly #section: CacheSection<KeptClaim> | undefined;

  constructor(cache: QueryCache | undefined) {
    this.#section = cache?.isOn === true ? cache.section('claims') : undefined;
  }

  /** The claim with its signatures as of the moment; undefined when it is not here then. */
  async stated(
    reading: SignatureReading,
    claim: Stored,
  ): Promise<StatedRecord<StoredRecord> | undefined> {
    const section = this.#section;
    if (section === undefined) return (await storedWithSignatures(reading, claim))?.stated;
    const { snapshot, moment } = reading;
    const isHere = ({ newestStamp }: KeptClaim): boolean => newestStamp <= moment.stamp;
    const kept = section.find(section.keyOf(claim.id), snapshot.appliedSequence, isHere);
    if (kept !== undefined) {
      // Nothing is walked: the snapshot learns that this answer rests on who signs the claim.
      snapshot.attestations(claim.id);
      return withOwnRecord(kept.stated);
    }
    const read = await storedWithSignatures(reading, claim);
    if (read === undefined) return undefined;
    const { stated, newestStamp, isWhole } = read;
    if (isWhole) this.#keep(section, snapshot.appliedSequence, { stated, newestStamp });
    return stated;
  }

  #keep(section: CacheSection<KeptClaim>, sequence: number, { stated, newestStamp }: KeptClaim) {
    const record: StoredRecord = new StoredJson(ownCopy(stated.record.bytes));
    const reads = new ReadSet();
    reads.add(counterOfId(stated.id));
    const signatures = stated.signatures?.length ?? 0;
    const bytes = statedBytes + record.bytes.length + signatures * signatureBytes;
    const value = { stated: { ...stated, record }, newestStamp };
    section.keep(section.keyOf(stated.id), { value, reads, sequence, bytes });
  }
}
