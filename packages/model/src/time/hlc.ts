/**
 * Hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone 2014), as stamps that compare as
 * text: 12 hex digits of milliseconds, 4 of counter, 16 of node id.
 *
 * Invariants: `next` rises strictly, whatever the wall clock does; it is above everything observed;
 * it is at or above the wall clock. A full counter carries into the milliseconds.
 */
import type { HlcStamp } from '../brand.js';

const counterMax = 0xffff;
const msLimit = 2 ** 48;

/** The stamp of (ms, counter, node); `node` is 16 lower-case hex digits. */
export function makeStamp(ms: number, counter: number, node: string): HlcStamp {
  if (!Number.isInteger(ms) || ms < 0 || ms >= msLimit) throw new RangeError(`bad stamp ms ${ms}`);
  if (!Number.isInteger(counter) || counter < 0 || counter > counterMax) {
    throw new RangeError(`bad stamp counter ${counter}`);
  }
  if (!nodeGrammar.test(node)) throw new RangeError('a node id is 16 lower-case hex digits');
  return join(ms, counter, node);
}

const nodeGrammar = /^[0-9a-f]{16}$/;

function join(ms: number, counter: number, node: string): HlcStamp {
  const time = ms.toString(16).padStart(12, '0');
  return `${time}${counter.toString(16).padStart(4, '0')}${node}` as HlcStamp;
}

/** Milliseconds since 1970 of a stamp. */
export function stampMs(stamp: HlcStamp): number {
  // Every candidate row asks for it, and `parseInt` of a slice costs twice as much.
  return sixDigits(stamp, 0) * 0x1000000 + sixDigits(stamp, 6);
}

/** The number that six hex digits of a stamp are. */
function sixDigits(stamp: HlcStamp, from: number): number {
  let number = 0;
  for (let at = from; at < from + 6; at += 1) {
    const code = stamp.charCodeAt(at);
    // 0-9 stand at 48, a-f at 97: stamps have lower-case digits alone.
    number = number * 16 + (code < 97 ? code - 48 : code - 87);
  }
  return number;
}

/** The counter of a stamp, 0..65535. */
export function stampCounter(stamp: HlcStamp): number {
  return Number.parseInt(stamp.slice(12, 16), 16);
}

/** The node id of a stamp, 16 hex digits. */
export function stampNode(stamp: HlcStamp): string {
  return stamp.slice(16);
}

/** The last stamp that any node can make in millisecond `ms`. */
export function endOfMs(ms: number): HlcStamp {
  return makeStamp(ms, counterMax, 'ffffffffffffffff');
}

/** Below every stamp. */
export const zeroStamp: HlcStamp = makeStamp(0, 0, '0000000000000000');

/** One node's clock. `wallMs` is asked at each `next`; fractions of a millisecond are dropped. */
export class HybridClock {
  readonly #node: string;
  readonly #wallMs: () => number;
  #ms = 0;
  #counter = 0;
  #latest: HlcStamp = zeroStamp;

  constructor(nodeId: string, wallMs: () => number) {
    makeStamp(0, 0, nodeId);
    this.#node = nodeId;
    this.#wallMs = wallMs;
  }

  /** A stamp above every one that this clock has made or seen. */
  next(): HlcStamp {
    const wall = Math.floor(this.#wallMs());
    if (wall > this.#ms) {
      this.#ms = wall;
      this.#counter = 0;
    } else if (this.#counter < counterMax) {
      this.#counter += 1;
    } else {
      this.#ms += 1;
      this.#counter = 0;
    }
    if (!(this.#ms < msLimit)) throw new RangeError('the clock is beyond 48 bits of milliseconds');
    this.#latest = join(this.#ms, this.#counter, this.#node);
    return this.#latest;
  }

  /** Later stamps will be above `stamp`. */
  observe(stamp: HlcStamp): void {
    if (stamp <= this.#latest) return;
    this.#latest = stamp;
    this.#ms = stampMs(stamp);
    this.#counter = stampCounter(stamp);
  }

  /** Later stamps will be above the whole millisecond `ms`. */
  advancePast(ms: number): void {
    this.observe(endOfMs(ms));
  }

  /** The highest stamp made or seen; `zeroStamp` at first. */
  latest(): HlcStamp {
    return this.#latest;
  }
}
