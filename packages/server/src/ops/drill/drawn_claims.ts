/**
 * Claims of a log drawn by a seed, each equally likely, in one pass and in bounded memory: those
 * whose sequence hashes smallest (a bottom-k sample: Cohen and Kaplan, "Summarizing data using
 * bottom-k sketches", PODC 2007). The same log and seed draw the same claims.
 */
import { blake3, decodeStored, kindNumber, type RecordId, recordIdOf } from '@stemedb/model';
import type { LogRecord } from '../../log/log.js';
import type { IterableLog } from '../read_only_log.js';

export interface DrawnClaim {
  readonly id: RecordId;
  readonly conceptPath: string;
  readonly predicate: string;
  /** The canonical text of the content. */
  readonly text: string;
}

interface Ticket {
  readonly rank: bigint;
  readonly record: LogRecord;
}

/** Draws at most `count` claims. Throws `LogCorruptError` when the log is damaged. */
export const drawClaims = async (
  log: Pick<IterableLog, 'iterate'>,
  seed: number,
  count: number,
): Promise<readonly DrawnClaim[]> => {
  const drawn = new LowestRanks(count);
  for await (const chunk of log.iterate({ sequence: 1 })) {
    for (const record of chunk) {
      if (record.kind !== kindNumber.assertion) continue;
      drawn.offer(rankOf(seed, record.sequence), record);
    }
  }
  return drawn.records().flatMap(claimOf);
};

/** Keeps the records of the lowest ranks: twice as many are collected, then half let go. */
class LowestRanks {
  readonly #count: number;
  #tickets: Ticket[] = [];
  #bound: bigint | undefined;

  constructor(count: number) {
    this.#count = count;
  }

  offer(rank: bigint, record: LogRecord): void {
    if (this.#bound !== undefined && rank >= this.#bound) return;
    // The bytes lie in the buffer of a whole chunk, which must not be held for one record.
    this.#tickets.push({ rank, record: { ...record, bytes: record.bytes.slice() } });
    if (this.#tickets.length >= 2 * this.#count + 1) this.#letGo();
  }

  records(): readonly LogRecord[] {
    this.#letGo();
    return this.#tickets.map(({ record }) => record);
  }

  #letGo(): void {
    this.#tickets.sort((a, b) => (a.rank < b.rank ? -1 : 1));
    this.#tickets = this.#tickets.slice(0, this.#count);
    if (this.#tickets.length === this.#count) this.#bound = this.#tickets.at(-1)?.rank;
  }
}

const rankOf = (seed: number, sequence: number): bigint => {
  const input = new DataView(new ArrayBuffer(16));
  input.setFloat64(0, seed);
  input.setFloat64(8, sequence);
  const hash = blake3(new Uint8Array(input.buffer));
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0);
};

const claimOf = ({ bytes }: LogRecord): readonly DrawnClaim[] => {
  const content = decodeStored(bytes);
  if (content.kind !== 'assertion') return [];
  const { concept_path: conceptPath, predicate } = content;
  const text = new TextDecoder().decode(bytes);
  return [{ id: recordIdOf(bytes), conceptPath, predicate, text }];
};
