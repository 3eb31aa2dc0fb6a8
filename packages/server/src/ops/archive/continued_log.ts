/** Which log a restored one goes on from: its first record says so. */
import { type Continuation, readContinuation } from '../../log/continuation.js';
import { segmentHeaderBytes } from '../../log/format.js';
import { checkFrame, readEntry } from '../../log/frame.js';

/** From the bytes of the first segment; null when the log begins by itself. */
export const continuedLog = (segment: Buffer, number: number): Continuation | null => {
  const frame = checkFrame(segment, segmentHeaderBytes, number);
  if (typeof frame === 'string') return null;
  const entry = readEntry(segment, segmentHeaderBytes, frame);
  return (entry && readContinuation(entry.bytes)) ?? null;
};
