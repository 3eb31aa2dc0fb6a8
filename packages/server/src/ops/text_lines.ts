/** Cuts a stream of bytes into numbered lines, holding one chunk and one unfinished line. */

/** Longer than any record: 1 MiB of source text where every byte is written as `\u00xx`. */
const lineBytesMax = 8 * 1024 * 1024;

export interface TextLine {
  /** As an editor shows it: the first is 1, and blank lines count. */
  readonly number: number;
  /** Without the line feed; undefined when the line is longer than `lineBytesMax`. */
  readonly bytes: Uint8Array | undefined;
  /** Bytes of the input up to the end of this line. */
  readonly end: number;
}

const lineFeed = 0x0a;

const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

/** The lines that hold something; a last line without line feed counts. */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 0;
  let end = 0;
  const take = (): TextLine | undefined => {
    const bytes = length > lineBytesMax ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    number += 1;
    return bytes !== undefined && isBlank(bytes) ? undefined : { number, bytes, end };
  };
  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length > lineBytesMax) parts = [];
    // A chunk's memory may be used again by whoever reads the next one.
    else if (part.length > 0) parts.push(part.slice());
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, start)) {
      keep(chunk.subarray(start, at));
      end += at + 1 - start;
      start = at + 1;
      const line = take();
      if (line !== undefined) yield line;
    }
    keep(chunk.subarray(start));
    end += chunk.length - start;
  }
  if (length === 0) return;
  const line = take();
  if (line !== undefined) yield line;
}
