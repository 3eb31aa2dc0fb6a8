/**
 * The content of one simulated file: what is on the platter, what the page cache shows, and the
 * changes between the two. A crash leaves each 512-byte sector in any state it had since the last
 * sync, or torn between two of them.
 */
import type { SeededRandom } from './seeded_random.js';

const sectorBytes = 512;

/** Bytes that grow. */
class Image {
  #bytes: Buffer = Buffer.alloc(0);
  size = 0;

  view(): Buffer {
    return this.#bytes.subarray(0, this.size);
  }

  write(source: Uint8Array, position: number): void {
    this.resize(Math.max(this.size, position + source.byteLength));
    this.#bytes.set(source, position);
  }

  /** What a file grows by reads as zeros. */
  resize(size: number): void {
    if (size > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(size, 2 * this.#bytes.length, 4096));
      this.view().copy(grown);
      this.#bytes = grown;
    }
    if (size < this.size) this.#bytes.fill(0, size, this.size);
    this.size = size;
  }

  sector(index: number): Buffer {
    const sector = Buffer.alloc(sectorBytes);
    sector.set(this.view().subarray(index * sectorBytes, (index + 1) * sectorBytes));
    return sector;
  }
}

type Change =
  | { readonly type: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly type: 'truncate'; readonly size: number };

/** How much of what was not synced a power loss leaves behind. */
export type Loss = 'nothing kept' | 'all kept' | 'any';

export class SimulatedInode {
  readonly #durable = new Image();
  readonly #cached = new Image();
  #pending: Change[] = [];

  clone(): SimulatedInode {
    const copy = new SimulatedInode();
    copy.#durable.write(this.#durable.view(), 0);
    copy.#cached.write(this.#cached.view(), 0);
    copy.#pending = [...this.#pending];
    return copy;
  }

  get size(): number {
    return this.#cached.size;
  }

  get hasUnsynced(): boolean {
    return this.#pending.length > 0;
  }

  content(): Buffer {
    return this.#cached.view();
  }

  write(source: Uint8Array, position: number): void {
    const bytes = Buffer.from(source);
    this.#cached.write(bytes, position);
    this.#pending.push({ type: 'write', position, bytes });
  }

  truncate(size: number): void {
    this.#cached.resize(size);
    this.#pending.push({ type: 'truncate', size });
  }

  sync(): void {
    for (const change of this.#pending) apply(this.#durable, change);
    this.#pending = [];
  }

  /** What Linux does: the pages stay readable, count as clean, and were never written. */
  failSync(): void {
    this.#pending = [];
  }

  /** Changes the platter and what is read of it, as a bad medium does. */
  damage(bytes: Uint8Array, position: number): void {
    this.#cached.write(bytes, position);
    this.#durable.write(bytes, position);
  }

  crash(random: SeededRandom, loss: Loss): void {
    if (loss === 'all kept') this.sync();
    if (loss === 'any') this.#settle(random);
    this.#pending = [];
    this.#cached.resize(this.#durable.size);
    this.#cached.write(this.#durable.view(), 0);
  }

  /** Each sector and the size come to rest independently in some state of the time since a sync. */
  #settle(random: SeededRandom): void {
    const sizes = [this.#durable.size];
    const states = new Map<number, Buffer[]>();
    const image = new Image();
    image.write(this.#durable.view(), 0);
    for (const change of this.#pending) {
      for (const index of touchedSectors(image, change)) {
        if (!states.has(index)) states.set(index, [image.sector(index)]);
      }
      const touched = touchedSectors(image, change);
      apply(image, change);
      sizes.push(image.size);
      for (const index of touched) states.get(index)?.push(image.sector(index));
    }
    const size = random.pick(sizes);
    const durableSize = this.#durable.size;
    this.#durable.resize(Math.max(...sizes));
    for (const [index, sectors] of states) {
      const at = index * sectorBytes;
      const settled = settleSector(random, sectors, Math.max(0, durableSize - at));
      const room = Math.max(0, this.#durable.size - at);
      this.#durable.write(settled.subarray(0, Math.min(sectorBytes, room)), at);
    }
    this.#durable.resize(size);
  }
}

function apply(image: Image, change: Change): void {
  if (change.type === 'write') image.write(change.bytes, change.position);
  else image.resize(change.size);
}

function touchedSectors(image: Image, change: Change): readonly number[] {
  const from = change.type === 'write' ? change.position : Math.min(change.size, image.size);
  const to =
    change.type === 'write'
      ? change.position + change.bytes.length
      : Math.max(change.size, image.size);
  const first = Math.floor(from / sectorBytes);
  const last = Math.ceil(to / sectorBytes);
  return Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
}

/**
 * Mostly one whole state, biased to the newest; sometimes torn; rarely what lay there before. The
 * first `durableBytes` were synced once: a write beside them does not harm them, which is what
 * SQLite calls powersafe overwrite.
 */
function settleSector(
  random: SeededRandom,
  states: readonly Buffer[],
  durableBytes: number,
): Buffer {
  const newest = states[states.length - 1] ?? Buffer.alloc(sectorBytes);
  const choice = random.below(100);
  if (choice < 50) return newest;
  if (choice < 80) return random.pick(states);
  const torn = Buffer.from(random.pick(states));
  if (choice < 98) newest.copy(torn, 0, 0, random.below(sectorBytes));
  else if (durableBytes < sectorBytes)
    torn.set(random.bytes(sectorBytes - durableBytes), durableBytes);
  return torn;
}
