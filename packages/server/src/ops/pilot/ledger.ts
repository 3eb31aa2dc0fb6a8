/** Which claims were acknowledged: a bit for each number, whatever was sent between. */
const firstBytes = 64 * 1024;

export class Ledger {
  #bits = new Uint8Array(firstBytes);
  #count = 0;
  #end = 0;

  /** How many were acknowledged. */
  get count(): number {
    return this.#count;
  }

  /** No number at or above this one was acknowledged. */
  get end(): number {
    return this.#end;
  }

  acknowledge(number: number): void {
    if (this.has(number)) return;
    while (number >= this.#bits.length * 8) {
      const larger = new Uint8Array(this.#bits.length * 2);
      larger.set(this.#bits);
      this.#bits = larger;
    }
    const at = number >> 3;
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (number & 7));
    this.#count += 1;
    this.#end = Math.max(this.#end, number + 1);
  }

  has(number: number): boolean {
    return ((this.#bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  /** The numbers that were acknowledged, in order. */
  *numbers(): Generator<number> {
    for (let number = 0; number < this.#end; number += 1) if (this.has(number)) yield number;
  }

  /** What is acknowledged now; what comes later does not change it. */
  copy(): Ledger {
    const copy = new Ledger();
    copy.#bits = this.#bits.slice();
    copy.#count = this.#count;
    copy.#end = this.#end;
    return copy;
  }
}
