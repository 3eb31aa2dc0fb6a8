/**
 * The pieces of one body or line, as they arrive. A piece that is kept costs some 400 bytes however
 * short it is, and its sender decides how short: one-byte chunks would turn 8 MiB into 3 GiB. So
 * short pieces are copied together, and what is held stays near what was sent.
 */

/** Shorter pieces are copied; also the smallest room that is made for them. */
const copiedBytesMax = 4096;
/** The largest room that is made at once. */
const roomBytesMax = 65_536;
const noBytes = Buffer.alloc(0);

export class Gathered {
  #parts: Buffer[] = [];
  #byteLength = 0;
  /** Where the next short piece goes, behind what it holds already; not yet among the parts. */
  #room = noBytes;
  #roomUsed = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  add(piece: Uint8Array): void {
    const buffer = asBuffer(piece);
    const isFirst = this.#byteLength === 0;
    this.#byteLength += buffer.length;
    // Most bodies are one piece, which needs no copy.
    if (isFirst || buffer.length >= copiedBytesMax) {
      this.#closeRoom();
      this.#parts.push(buffer);
      return;
    }
    if (this.#roomUsed + buffer.length > this.#room.length) {
      this.#closeRoom();
      const wanted = Math.max(copiedBytesMax, Math.min(this.#byteLength, roomBytesMax));
      this.#room = Buffer.allocUnsafe(wanted);
    }
    this.#room.set(buffer, this.#roomUsed);
    this.#roomUsed += buffer.length;
  }

  /** Everything in one piece; afterwards nothing is held. */
  take(): Buffer {
    this.#closeRoom();
    const [only] = this.#parts;
    const isOne = this.#parts.length === 1 && only !== undefined;
    const whole = isOne ? only : Buffer.concat(this.#parts, this.#byteLength);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#parts = [];
    this.#byteLength = 0;
    this.#room = noBytes;
    this.#roomUsed = 0;
  }

  #closeRoom(): void {
    if (this.#roomUsed > 0) this.#parts.push(this.#room.subarray(0, this.#roomUsed));
    this.#room = this.#room.subarray(this.#roomUsed);
    this.#roomUsed = 0;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
