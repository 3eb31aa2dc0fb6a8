/**
 * A page with what of its answer follows from the records and the moment of its computation alone;
 * and the whole answer around it, for each who asks.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { formatTime } from '@stemedb/model';
import type { Pair } from '../store/store.js';
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
  readonly id: string;
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
    const tail = `${nextMember},"query_id":"${id}"}`;
    const tailAt = head.length + this.results.length;
    const text = Buffer.allocUnsafe(tailAt + tail.length);
    text.write(head, 0, 'latin1');
    text.set(this.results, head.length);
    text.write(tail, tailAt, 'latin1');
    return text;
  }
}

const headOf = (asked: Asked, { stamp, ms }: Moment, isFinal: boolean): Head => {
  const { lens, policy, selfDeclared } = asked;
  const text =
    `{"lens":${JSON.stringify(lens)},"as_of":"${formatTime(ms)}",` +
    `"as_of_stamp":"${stamp}","final":${isFinal},"policy":${JSON.stringify(policy)},` +
    `${selfDeclared ? '"classes":"self-declared",' : ''}"results":`;
  return { stamp, isFinal, text };
};
