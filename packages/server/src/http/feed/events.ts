/**
 * Server-sent events (WHATWG HTML, 9.2): one event a record, its `id` the cursor behind it, so that
 * a browser that reconnects goes on there by itself. An `id` without `data` moves that place and is
 * no event: the heartbeat of a stream whose filter passes nothing.
 */
import type { Writable } from 'node:stream';
import type { StemeError } from '@stemedb/model';
import type { FeedItem } from '../../query/feed_entry.js';

export const eventStreamType = 'text/event-stream';

/** How long a browser waits before it comes back, milliseconds. */
const retryMs = 1000;

/** Records from this size on are handed over as they are: all who are sent one share its memory. */
const sharedBytesMin = 16 * 1024;
/** In slices of this size, so that it shows when a slow reader takes some of a large one. */
const sliceBytes = 64 * 1024;

export const greeting = (cursor: string): string => `retry: ${retryMs}\nid: ${cursor}\n\n`;

export const heartbeat = (cursor: string): string => `: \nid: ${cursor}\n\n`;

/** The last words: why it ends, and where to go on. */
export const lastWords = ({ code, detail }: StemeError, cursor: string): string =>
  `event: end\ndata: ${JSON.stringify({ code, detail, cursor })}\n\n`;

/** Writes the items. */
export const writeItems = (out: Writable, items: readonly FeedItem[]): void => {
  let small: (string | Buffer)[] = [];
  const flush = (): void => {
    if (small.length > 0) out.write(Buffer.concat(small.map((part) => Buffer.from(part))));
    small = [];
  };
  for (const { cursor, json } of items) {
    small.push(`id: ${cursor}\ndata: `);
    if (json.length < sharedBytesMin) small.push(json);
    else {
      flush();
      for (let at = 0; at < json.length; at += sliceBytes) {
        out.write(json.subarray(at, at + sliceBytes));
      }
    }
    small.push('\n\n');
  }
  flush();
};
