/**
 * An engine in front of another: commits are visible at once from memory and reach the engine
 * behind in large batches. A commit of 256 claims dirties nearly a thousand pages of a B+ tree, one
 * of 13,000 hardly more for each claim than a tenth of that; and a writer waits for no disk but the
 * log's (decisions 031 and 140).
 *
 * Memory holds the changes of commits since the last batch, and those of the batch that is on its
 * way. What is handed on is always the older of the two as a whole, so the engine behind holds a
 * prefix of the commits: after a crash the log is replayed from there. The number of keys in memory
 * is bounded: at the bound commits wait. Readers of other processes see the engine behind only.
 *
 * All readers between two batches share one snapshot of the engine behind, which changes with a
 * batch only: to open a reader costs no transaction. One that met damage is shared no longer.
 *
 * Failure model: when the engine behind refuses a batch, the batch stays and is tried again with
 * the next commit or flush, which rejects with the error.
 */
import type { Change, Engine, EngineSnapshot, Gets, Range, Visitor } from './engine.js';
import { HeldChanges, merged, type Run, textOf } from './held_changes.js';
import { OpenReaders } from './open_readers.js';
import { SharedSnapshot } from './shared_snapshot.js';

export interface OverlayOptions {
  /** Keys in memory at which a batch is handed on. */
  readonly handOverChanges?: number;
  /** Keys in memory at which commits wait. */
  readonly heldChangesMax?: number;
}

/** Some 13,000 claims: a start replays as a rule at most that many and what was on its way. */
const handOverChangesDefault = 40_000;
/** Some 40,000 claims, which take three seconds to replay; in memory some 50 MiB. */
const heldChangesMaxDefault = 120_000;

/** The commit that sees everything. */
const newestCommit = Number.POSITIVE_INFINITY;

interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export function overlayEngine(behind: Engine, options: OverlayOptions = {}): Engine {
  return new OverlayEngine(
    behind,
    options.handOverChanges ?? handOverChangesDefault,
    options.heldChangesMax ?? heldChangesMaxDefault,
  );
}

/** Layers of changes, the oldest first, as one commit sees them. */
class Layers {
  readonly #layers: readonly HeldChanges[];
  readonly #commit: number;

  constructor(layers: readonly HeldChanges[], commit: number) {
    this.#layers = layers;
    this.#commit = commit;
  }

  get(key: Uint8Array, behind: Gets): Uint8Array | undefined {
    const held = this.#held(key);
    if (held === undefined) return behind.get(key);
    return held.type === 'put' ? held.value : undefined;
  }

  look<T>(key: Uint8Array, behind: Gets, read: (value: Uint8Array) => T): T | undefined {
    const held = this.#held(key);
    if (held === undefined) return behind.look(key, read);
    return held.type === 'put' ? read(held.value) : undefined;
  }

  range(range: Range, behind: Pick<Engine, 'range'>): Iterable<KeyValue> {
    return rangeOver(this.#inside(range), behind, range);
  }

  visit(range: Range, behind: EngineSnapshot, visitor: Visitor): void {
    const held = this.#inside(range);
    if (held.length === 0) behind.visit(range, visitor);
    else for (const { key, value } of rangeOver(held, behind, range)) visitor(key, value);
  }

  #held(key: Uint8Array): Change | undefined {
    const text = textOf(key);
    for (let index = this.#layers.length - 1; index >= 0; index -= 1) {
      const held = this.#layers[index]?.find(text, this.#commit);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  #inside(range: Range): Run {
    return this.#layers.reduce<Run>(
      (held, layer) => merged(held, layer.inside(range, this.#commit)),
      [],
    );
  }
}

function rangeOver(held: Run, behind: Pick<Engine, 'range'>, range: Range): Iterable<KeyValue> {
  if (held.length === 0) return behind.range(range);
  // Every held entry may hide one of those behind.
  const limit = range.limit === undefined ? {} : { limit: range.limit + held.length };
  return weave(held, behind.range({ ...range, ...limit }), range);
}

function* weave(
  held: Run,
  behind: Iterable<KeyValue>,
  { reverse = false, limit = Number.POSITIVE_INFINITY }: Range,
): Generator<KeyValue, void, void> {
  const ordered = reverse ? [...held].reverse() : held;
  const isBefore = (a: string, b: string): boolean => (reverse ? a > b : a < b);
  let left = limit;
  let at = 0;
  for (const entry of behind) {
    const text = textOf(entry.key);
    let next = ordered[at];
    while (next !== undefined && left > 0 && !isBefore(text, next.text)) {
      at += 1;
      if (next.change.type === 'put') {
        left -= 1;
        yield next.change;
      }
      if (next.text === text) break;
      next = ordered[at];
    }
    if (left <= 0) return;
    if (next?.text === text) continue;
    left -= 1;
    yield entry;
  }
  for (; at < ordered.length && left > 0; at += 1) {
    const next = ordered[at];
    if (next?.change.type !== 'put') continue;
    left -= 1;
    yield next.change;
  }
}

class OverlaySnapshot implements EngineSnapshot {
  readonly #layers: Layers;
  readonly #behind: SharedSnapshot;
  readonly #onRelease: () => void;
  #isReleased = false;

  constructor(layers: Layers, behind: SharedSnapshot, onRelease: () => void) {
    this.#layers = layers;
    this.#behind = behind;
    this.#onRelease = onRelease;
  }

  get isBroken(): boolean {
    return this.#behind.snapshot.isBroken;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#layers.get(key, this.#open());
  }

  look<T>(key: Uint8Array, read: (value: Uint8Array) => T): T | undefined {
    return this.#layers.look(key, this.#open(), read);
  }

  range(range: Range): Iterable<KeyValue> {
    return this.#layers.range(range, this.#open());
  }

  visit(range: Range, visitor: Visitor): void {
    this.#layers.visit(range, this.#open(), visitor);
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#behind.giveBack();
    this.#onRelease();
  }

  #open(): EngineSnapshot {
    if (this.#isReleased) throw new Error('a released snapshot was read');
    return this.#behind.snapshot;
  }
}

class OverlayEngine implements Engine {
  readonly #behind: Engine;
  readonly #handOverChanges: number;
  readonly #heldChangesMax: number;
  #commit = 0;
  #held = new HeldChanges();
  /** The batch that is on its way to the engine behind, or was refused by it. */
  #leaving: HeldChanges | undefined;
  #newest: Layers = this.#layers(newestCommit);
  #onItsWay: Promise<void> | undefined;
  /** The last commit in the batch that is on its way, and in the last one that arrived. */
  #leavingCommit = 0;
  #handedOnCommit = 0;
  /** What is behind, as all readers see it that are opened before the next batch is there. */
  #shared: SharedSnapshot | undefined;
  readonly #readers = new OpenReaders();

  constructor(behind: Engine, handOverChanges: number, heldChangesMax: number) {
    this.#behind = behind;
    this.#handOverChanges = handOverChanges;
    this.#heldChangesMax = heldChangesMax;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#newest.get(key, this.#behind);
  }

  look<T>(key: Uint8Array, read: (value: Uint8Array) => T): T | undefined {
    return this.#newest.look(key, this.#behind, read);
  }

  range(range: Range): Iterable<KeyValue> {
    return this.#newest.range(range, this.#behind);
  }

  snapshot(): EngineSnapshot {
    const commit = this.#commit;
    if (this.#shared?.snapshot.isBroken === true) this.#letGo();
    const shared = this.#shared ?? new SharedSnapshot(this.#behind.snapshot());
    this.#shared = shared;
    this.#readers.open(commit);
    return new OverlaySnapshot(this.#layers(commit), shared.lend(), () => {
      this.#readers.close(commit);
      if (shared.snapshot.isBroken && shared === this.#shared) this.#letGo();
    });
  }

  async commit(changes: readonly Change[]): Promise<void> {
    while (this.#heldChanges() >= this.#heldChangesMax) await this.#handOver();
    this.#commit += 1;
    for (const change of changes) this.#held.add(change, this.#commit, this.#readers);
    if (this.#heldChanges() < this.#handOverChanges || this.#onItsWay !== undefined) return;
    // A batch that was refused stays: the flush or the full commit that meets it rejects.
    this.#handOver().catch(() => {});
  }

  /** Commits that come meanwhile are not waited for: under a steady load there always are some. */
  async flush(): Promise<void> {
    const last = this.#commit;
    while (this.#handedOnCommit < last && this.#heldChanges() > 0) await this.#handOver();
    await this.#behind.flush();
  }

  diskBytes(): Promise<number> {
    return this.#behind.diskBytes();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#letGo();
      await this.#behind.close();
    }
  }

  #layers(commit: number): Layers {
    return new Layers(
      this.#leaving === undefined ? [this.#held] : [this.#leaving, this.#held],
      commit,
    );
  }

  #heldChanges(): number {
    return this.#held.size + (this.#leaving?.size ?? 0);
  }

  /** Hands on what is held, or what was refused before it; or waits for what is on its way. */
  #handOver(): Promise<void> {
    this.#onItsWay ??= this.#handOverNow().finally(() => {
      this.#onItsWay = undefined;
    });
    return this.#onItsWay;
  }

  async #handOverNow(): Promise<void> {
    if (this.#leaving === undefined) {
      this.#leaving = this.#held;
      this.#leavingCommit = this.#commit;
      this.#held = new HeldChanges();
      this.#newest = this.#layers(newestCommit);
    }
    await this.#behind.commit(this.#leaving.changes());
    this.#handedOnCommit = this.#leavingCommit;
    this.#leaving = undefined;
    this.#newest = this.#layers(newestCommit);
    this.#letGo();
  }

  /** Who has the shared snapshot keeps it; the next one opens another. */
  #letGo(): void {
    this.#shared?.giveBack();
    this.#shared = undefined;
  }
}
