/** Lines of JSON: cut a stream of records into requests, and an answer into documents. */
import { textOfBody } from './body.js';

/** Lines of one request, kept until it has been answered so that it can be sent again. */
export interface Chunk {
  /** Each with its line feed, UTF-8. */
  readonly lines: readonly Uint8Array[];
  /** Number of the first line in the whole input, from 0. */
  readonly start: number;
}

const encoder = new TextEncoder();
/** One piece of a streamed body. */
const pieceBytes = 64 * 1024;

/** Cuts lines into chunks of at most `linesMax` lines and about `bytesMax` bytes. */
export async function* chunksOf(
  texts: AsyncIterable<string> | Iterable<string>,
  linesMax: number,
  bytesMax: number,
): AsyncGenerator<Chunk> {
  let lines: Uint8Array[] = [];
  let bytes = 0;
  let start = 0;
  for await (const text of texts) {
    const line = encoder.encode(`${text}\n`);
    lines.push(line);
    bytes += line.length;
    if (lines.length < linesMax && bytes < bytesMax) continue;
    yield { lines, start };
    start += lines.length;
    lines = [];
    bytes = 0;
  }
  if (lines.length > 0) yield { lines, start };
}

const join = (lines: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(lines.reduce((sum, line) => sum + line.length, 0));
  let at = 0;
  for (const line of lines) {
    whole.set(line, at);
    at += line.length;
  }
  return whole;
};

/** The body of a request from line `from` on, in one piece: what every browser can send. */
export const wholeBody = (chunk: Chunk, from: number): Uint8Array<ArrayBuffer> =>
  join(chunk.lines.slice(from));

/** The same as a stream with back-pressure. */
export const streamedBody = (chunk: Chunk, from: number): ReadableStream<Uint8Array> => {
  let next = from;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const first = next;
      let bytes = 0;
      for (; bytes < pieceBytes; next += 1) {
        const line = chunk.lines[next];
        if (line === undefined) break;
        bytes += line.length;
      }
      if (next > first) controller.enqueue(join(chunk.lines.slice(first, next)));
      if (next === chunk.lines.length) controller.close();
    },
  });
};

/** Non-empty lines of a UTF-8 body, as they arrive; a last line without line feed counts. */
export async function* linesOfBody(
  body: ReadableStream<Uint8Array> | null,
  lineCharactersMax: number,
): AsyncGenerator<string> {
  let rest = '';
  for await (const text of textOfBody(body)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
    if (rest.length > lineCharactersMax) throw new RangeError('A line of the answer is too long.');
  }
  if (rest.trim() !== '') yield rest;
}
