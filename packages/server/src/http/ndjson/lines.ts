/**
 * Cuts a stream of bytes into lines, holding at most one chunk and one unfinished line.
 * Blank lines are skipped but counted, so that numbers are those an editor shows.
 */

import { Gathered } from '../gathered.js';

export type Line =
  | { readonly number: number; readonly tooLong: false; readonly bytes: Uint8Array }
  | { readonly number: number; readonly tooLong: true };

const lineFeed = 0x0a;

export class LineCutter {
  readonly #lineBytesMax: number;
  readonly #partial = new Gathered();
  #overflowed = false;
  #number = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** Number of the last line that was seen whole; blank ones count. */
  get lineCount(): number {
    return this.#number;
  }

  /** True while the beginning of a line waits for its end. */
  get hasPartialLine(): boolean {
    return this.#partial.byteLength > 0 || this.#overflowed;
  }

  /** The lines that end in this chunk. */
  push(chunk: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, start);
      if (end < 0) break;
      if (!this.hasPartialLine && end - start <= this.#lineBytesMax) {
        this.#push(lines, chunk.subarray(start, end));
      } else {
        this.#keep(chunk.subarray(start, end));
        this.#take(lines);
      }
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The last line, when the stream ended without a line feed. */
  finish(): readonly Line[] {
    const lines: Line[] = [];
    if (this.hasPartialLine) this.#take(lines);
    return lines;
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0 || this.#overflowed) return;
    this.#overflowed = this.#partial.byteLength + part.length > this.#lineBytesMax;
    if (this.#overflowed) this.#partial.clear();
    else this.#partial.add(part);
  }

  #take(lines: Line[]): void {
    const bytes = this.#partial.take();
    if (this.#overflowed) {
      this.#number += 1;
      lines.push({ number: this.#number, tooLong: true });
    } else this.#push(lines, bytes);
    this.#overflowed = false;
  }

  #push(lines: Line[], bytes: Uint8Array): void {
    this.#number += 1;
    if (!isBlank(bytes)) lines.push({ number: this.#number, tooLong: false, bytes });
  }
}

/** Only the white space of JSON: space, tab, carriage return. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
