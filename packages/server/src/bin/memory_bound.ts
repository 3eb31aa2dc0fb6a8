/**
 * What a server takes at most: the sum of what its limits let be held at the same time. What is
 * being received comes on top, at most a body or line for each connection that sends one.
 */
import { httpLimits } from '../guard/limits.js';
import { groupCommitLimits } from '../ingest/commit_queue.js';
import { feedLimits } from '../query/feed_limits.js';
import { queryLimits } from '../query/query_service.js';
import { wideRowsOf } from '../query/rooms.js';

const mebibyte = 1024 * 1024;

/** The process with its code, the store's newest entries, and the slack of the collector: 334 MiB
 * were measured after a million claims, with 64 MiB of cache and what waited to be written. */
const processBytes = 256 * mebibyte;

/** A row with its claim, its candidate and what the collector has not come round to: 2.7 to
 * 3.2 KiB were measured, over 50,000 and 500,000 rows. */
export const rowHeldBytes = 3 * 1024;

/** Rows of a pair up to which the bound does not depend on them. */
export const rowsInBound: number = wideRowsOf(queryLimits);

/** The bound for this much cache and a database whose widest pair has so many claims. */
export const memoryBytesMax = (cacheBytes: number, widestPairRows: number): number => {
  const { queueBytesMax } = groupCommitLimits;
  const { setAsideTotalBytesMax, answersUnsentBytesMax, feedStreamsMax } = httpLimits;
  const { feedPieceBytesMax, feedTailBytesMax, feedUnsentBytesMax } = feedLimits;
  const { rowsHeldMax, draftsBytesMax } = queryLimits;
  const rows = rowsHeldMax + Math.max(0, widestPairRows - rowsInBound);
  // A draft is in memory once more as the text that is sent.
  const answers = 2 * draftsBytesMax + answersUnsentBytesMax;
  // A piece may go beyond its size by one record; larger ones count as unsent.
  const streams = 2 * feedStreamsMax * feedPieceBytesMax + feedTailBytesMax + feedUnsentBytesMax;
  const writes = queueBytesMax + setAsideTotalBytesMax;
  return processBytes + cacheBytes + writes + answers + streams + rows * rowHeldBytes;
};
