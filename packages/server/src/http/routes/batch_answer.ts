/**
 * The answer to an array of claims, in bytes. Each record goes out as the bytes that were logged:
 * as one text of all records the answer would be put together, flattened and encoded once more.
 */
import type { Outcome } from '@stemedb/model';
import type { Accepted } from '../../ingest/ingest.js';
import { afterRecord, beforeRecord } from '../write_answer.js';

/** What is said of an accepted record beside its content takes less, without warnings. */
const besideRecordBytes = 384;

export function batchAnswer(outcomes: readonly Outcome<Accepted>[]): Uint8Array {
  const text = new GrowingBytes(roomFor(outcomes));
  let created = 0;
  let accepted = 0;
  let newest: Accepted | undefined;
  text.write('{"results":[');
  for (const [index, outcome] of outcomes.entries()) {
    if (index > 0) text.write(',');
    writeResult(text, outcome);
    if (!outcome.ok) continue;
    accepted += 1;
    if (outcome.value.status === 'created') created += 1;
    if (newest === undefined || outcome.value.sequence > newest.sequence) newest = outcome.value;
  }
  const position = newest === undefined ? '' : `,"position":"${newest.position}"`;
  text.write(
    `],"created":${created},"duplicate":${accepted - created},` +
      `"refused":${outcomes.length - accepted}${position}}`,
  );
  return text.take();
}

function roomFor(outcomes: readonly Outcome<Accepted>[]): number {
  let bytes = besideRecordBytes;
  for (const outcome of outcomes) {
    bytes += besideRecordBytes + (outcome.ok ? outcome.value.bytes.length : 0);
  }
  return bytes;
}

function writeResult(text: GrowingBytes, outcome: Outcome<Accepted>): void {
  if (outcome.ok) {
    text.write(beforeRecord(outcome.value));
    text.add(outcome.value.bytes);
    text.write(afterRecord(outcome.value));
    return;
  }
  const { code, detail, faults: errors } = outcome.error;
  text.write(JSON.stringify({ status: 'refused', code, detail, errors }));
}

/** Bytes one after the other, in room that is made larger when it does not suffice. */
class GrowingBytes {
  #bytes: Buffer;
  #length = 0;

  constructor(roomBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(roomBytes);
  }

  write(text: string): void {
    // Three bytes of UTF-8 for each unit of a text are enough.
    this.#makeRoom(3 * text.length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  add(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes));
    larger.set(this.take());
    this.#bytes = larger;
  }
}
