/**
 * The ruler against which every version is read: a browser's releases, oldest first, in MDN's
 * spelling. Two versions compare only as positions on it, so `16`, `16.0` and a caniuse column that
 * ends with 16 become one value, or none when a column spans several releases.
 */
import type { MdnBrowser, MdnData } from './packages.js';

/** Beta, nightly and planned versions have not reached users. */
const releasedStatuses: ReadonlySet<string> = new Set(['retired', 'current', 'esr']);

/** 16.0 and 16 are one version: zeros at the end say nothing. `preview` and `TP` are the newest. */
function numbersOf(version: string): readonly number[] {
  if (!/^[\d.]+$/.test(version)) return [Number.MAX_SAFE_INTEGER];
  const numbers = version.split('.').map(Number);
  while (numbers.length > 1 && numbers.at(-1) === 0) numbers.pop();
  return numbers;
}

/** Negative when `a` is the older version, positive when `b` is. */
export function compareVersions(a: string, b: string): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The released versions of one browser. */
export class ReleaseList {
  readonly #versions: readonly string[];
  readonly #spelling: ReadonlyMap<string, string>;

  constructor(browser: MdnBrowser) {
    this.#versions = Object.entries(browser.releases)
      .filter(([, release]) => releasedStatuses.has(release.status))
      .sort(([, a], [, b]) => a.index - b.index)
      .map(([version]) => version);
    this.#spelling = new Map(this.#versions.map((v) => [numbersOf(v).join('.'), v]));
  }

  /** The release of this version in MDN's spelling; undefined when there is none. */
  find(version: string): string | undefined {
    return this.#spelling.get(numbersOf(version).join('.'));
  }

  /** The releases above `after` (all when undefined) up to and including `last`. */
  between(after: string | undefined, last: string): readonly string[] {
    return this.#versions.filter(
      (version) =>
        compareVersions(version, last) <= 0 &&
        (after === undefined || compareVersions(version, after) > 0),
    );
  }
}

/** A ruler for each browser that MDN lists. */
export function readReleases(mdn: MdnData): ReadonlyMap<string, ReleaseList> {
  return new Map(
    Object.entries(mdn.browsers).map(([id, browser]) => [id, new ReleaseList(browser)]),
  );
}
