/**
 * A page with what of its answer follows from the records and the moment of its computation alone;
 * and the whole answer around it, for each who asks.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { formatTime } from '@stemedb/model';
import type { Pair } from '../store/candidate_loader.js';
import type { Moment } from './as_of.js';

interface Asked {
  readonly lens: string;
  /** That of the page's computation. */
  readonly moment: Moment;
  readonly policy: RecordId | null;
  readonly selfDeclared: boolean;
}

/** What each answer tells of itself. */
interface Told {
  readonly moment: Moment;
  readonly isFinal: boolean;
  readonly cursor: string | undefined;
  /** Of this answer alone; written in hexadecimal. */
  readonly id: Uint8Array;
}

interface Head {
  readonly stamp: HlcStamp;
  readonly isFinal: boolean;
  /** All of it is ASCII. */
  readonly text: string;
}

export class AnsweredPage {
  readonly asked: Asked;
  /** The array of results as it is sent. */
  readonly results: Uint8Array;
  /** The last pair, when there are more. */
  readonly next: Pair | undefined;
  /** What stood before the results last time: it is the same until something is written. */
  head: Head;

  constructor(asked: Asked, results: Uint8Array, next: Pair | undefined) {
    this.asked = asked;
    this.results = results;
    this.next = next;
    this.head = headOf(asked, asked.moment, true);
  }

  /** The members in the order of `Answer`. */
  text({ moment, isFinal, cursor, id }: Told): Uint8Array {
    if (this.head.stamp !== moment.stamp || this.head.isFinal !== isFinal) {
      this.head = headOf(this.asked, moment, isFinal);
    }
    const head = this.head.text;
    const nextMember = cursor === undefined ? '' : `,"next_cursor":"${cursor}"`;
    const tail = `${nextMember},"query_id":"`;
    const tailAt = head.length + this.results.length;
    const idAt = tailAt + tail.length;
    const text = Buffer.allocUnsafe(idAt + 2 * id.length + end.length);
    text.write(head, 0, 'latin1');
    text.set(this.results, head.length);
    text.write(tail, tailAt, 'latin1');
    text.set(end, writeHex(text, idAt, id));
    return text;
  }
}

const end = Buffer.from('"}');
const digits = Buffer.from('0123456789abcdef');

/** Writes two digits a byte; returns the place behind them. */
const writeHex = (into: Uint8Array, from: number, bytes: Uint8Array): number => {
  let at = from;
  for (const byte of bytes) {
    into[at] = digits[byte >> 4] ?? 0;
    into[at + 1] = digits[byte & 15] ?? 0;
    at += 2;
  }
  return at;
};

const headOf = (asked: Asked, { stamp, ms }: Moment, isFinal: boolean): Head => {
  const { lens, policy, selfDeclared } = asked;
  const text =
    `{"lens":${JSON.stringify(lens)},"as_of":"${formatTime(ms)}",` +
    `"as_of_stamp":"${stamp}","final":${isFinal},"policy":${JSON.stringify(policy)},` +
    `${selfDeclared ? '"classes":"self-declared",' : ''}"results":`;
  return { stamp, isFinal, text };
};
