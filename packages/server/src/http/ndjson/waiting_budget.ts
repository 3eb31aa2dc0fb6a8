/**
 * Bytes of lines that wait for their attestations, over all connections of one server: without it
 * every connection could hold its own bound. Each pipeline gives back what it took.
 */
export class WaitingBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False when so many bytes are not left; then nothing is taken. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    if (bytes > this.#bytes) throw new Error('More bytes were given back than were taken.');
    this.#bytes -= bytes;
  }
}
