/** Adds the records of a piece of a segment to what an archive knows of the log. */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { DiskFile } from '../../io/disk.js';
import { logCorrupt } from '../../log/failure.js';
import { markKind } from '../../log/format.js';
import { type LocatedFrame, readFrames } from '../../log/frame_reader.js';
import { RecordTally, type Tally } from '../record_tally.js';

export interface SegmentPiece {
  readonly firstOffset: number;
  /** Number of the segment. */
  readonly number: number;
  /** Where in the segment `bytes` begins. */
  readonly base: number;
  /** Ends with a whole frame. */
  readonly bytes: Uint8Array;
  /** Where in the segment the new records begin, at or behind `base`. */
  readonly start: number;
}

/** `log_corrupt` when the piece is not whole frames that follow on what is known. */
export const addRecords = async (tally: Tally, piece: SegmentPiece): Promise<Outcome<Tally>> => {
  const records = new RecordTally(tally);
  const isUnproved = (located: LocatedFrame): boolean =>
    located.frame.kind !== markKind && records.add(located) === undefined;
  const corrupt = (position: number, what: string): Outcome<never> => {
    const { firstOffset } = piece;
    return fail(logCorrupt({ segmentOffset: firstOffset, offset: firstOffset + position }, what));
  };
  const source = { file: fileOf(piece), number: piece.number, endPosition: endOf(piece) };
  const frames = readFrames(source, piece.start, records.size + 1);
  let step = await frames.next();
  for (; step.done !== true; step = await frames.next()) {
    const wrong = step.value.find(isUnproved);
    if (wrong !== undefined) return corrupt(wrong.position, 'a proof that no version ever wrote');
  }
  const { fault, position } = step.value;
  if (fault !== undefined) return corrupt(position, `the frame is bad (${fault})`);
  return ok(records.sums);
};

const endOf = ({ base, bytes }: SegmentPiece): number => base + bytes.length;

/** The bytes at the positions that they have in the segment. */
const fileOf = ({ base, bytes }: SegmentPiece): Pick<DiskFile, 'read'> => ({
  read: async (target, offset, length, position) => {
    const found = bytes.subarray(position - base, position - base + length);
    target.set(found, offset);
    return found.length;
  },
});
