/**
 * Reads `@mdn/browser-compat-data`: one statement for each key and browser, and a derived one for
 * each web-features feature (see features.ts for which keys stand for it).
 */
import { browsers, sharedBrowsers } from './browsers.js';
import type { CarriedFeature } from './features.js';
import type { MdnData, MdnNode, MdnStatement, MdnSupport } from './packages.js';
import { compareVersions, type ReleaseList } from './releases.js';
import type { DropTally, Reader, Reading } from './statement.js';

type Releases = ReadonlyMap<string, ReleaseList>;

/** A node that makes a statement, and the nodes above it that make one too, the root's first. */
interface MdnKey {
  /** Dotted, as in `api.Foo.bar`. */
  readonly key: string;
  readonly node: MdnNode;
  readonly above: readonly MdnNode[];
}

/** The nodes with a `__compat` in the order of the file. */
function* walkKeys(mdn: MdnData): Generator<MdnKey, void, void> {
  for (const [root, node] of Object.entries(mdn)) {
    if (root === '__meta' || root === 'browsers') continue;
    yield* walkNode({ key: root, node: node as MdnNode, above: [] });
  }
}

function* walkNode(place: MdnKey): Generator<MdnKey, void, void> {
  const { key, node, above } = place;
  const speaks = node.__compat !== undefined;
  if (speaks) yield place;
  const chain = speaks ? [...above, node] : above;
  for (const [name, child] of Object.entries(node)) {
    if (name === '__compat') continue;
    yield* walkNode({ key: `${key}.${name}`, node: child as MdnNode, above: chain });
  }
}

const bare = (version: string): string => version.replace('≤', '');

const released = (version: unknown, list: ReleaseList): boolean =>
  typeof version === 'string' && list.find(bare(version)) !== undefined;

/** Support that has ended: removed in a version that users have. */
const isOver = (statement: MdnStatement, list: ReleaseList): boolean =>
  statement.version_removed === true || released(statement.version_removed, list);

/** Why a statement tells of less than full support under the standard name, if it does. */
function restriction(statement: MdnStatement): 'partial' | 'prefix' | 'alternative_name' | null {
  if (statement.partial_implementation === true) return 'partial';
  if (statement.prefix !== undefined) return 'prefix';
  if (statement.alternative_name !== undefined) return 'alternative_name';
  return null;
}

/**
 * Reads what MDN says of one key in one browser. Statements that need a flag count as no support;
 * of full statements that follow each other without a gap the first start counts.
 */
export function readMdnSupport(support: MdnSupport, list: ReleaseList): Reading {
  const all = Array.isArray(support) ? (support as readonly MdnStatement[]) : [support];
  const byDefault = (all as readonly MdnStatement[]).filter(
    (statement) => statement.flags === undefined && statement.version_added !== false,
  );
  const current = byDefault.filter((statement) => !isOver(statement, list));
  const full = current.find((statement) => restriction(statement) === null);
  if (full === undefined) {
    const limited = current[0];
    return limited === undefined
      ? { since: false }
      : { dropped: restriction(limited) ?? 'unknown' };
  }
  return readStart(startOfRun(full, byDefault), list);
}

/** Follows full support backwards through statements that last until the next one begins. */
function startOfRun(last: MdnStatement, all: readonly MdnStatement[]): MdnStatement {
  const before = all.find((other) => restriction(other) === null && leadsTo(other, last));
  return before === undefined ? last : startOfRun(before, all);
}

/** True when `earlier` began before `later` and had not ended when that began. */
function leadsTo(earlier: MdnStatement, later: MdnStatement): boolean {
  const start = later.version_added;
  const added = earlier.version_added;
  const removed = earlier.version_removed;
  if (typeof start !== 'string' || typeof added !== 'string') return false;
  if (compareVersions(bare(added), bare(start)) >= 0) return false;
  return typeof removed !== 'string' || compareVersions(bare(removed), bare(start)) >= 0;
}

function readStart(statement: MdnStatement, list: ReleaseList): Reading {
  const added = statement.version_added;
  if (typeof added !== 'string') return { dropped: 'no_version' };
  if (added === 'preview') return { dropped: 'not_released' };
  if (added.startsWith('≤')) return { dropped: 'upper_bound' };
  const since = list.find(added);
  return since === undefined ? { dropped: 'not_released' } : { since };
}

const readNode = (node: MdnNode, browser: string, list: ReleaseList): Reading => {
  const support = node.__compat?.support[browser];
  return support === undefined ? { dropped: 'no_version' } : readMdnSupport(support, list);
};

/**
 * The start of a part together with the whole that it is a part of: MDN may list a part as older
 * than the whole, and web-features counts it from when both are there.
 */
function readWithWhole({ node, above }: MdnKey, browser: string, list: ReleaseList): Reading {
  const own = readNode(node, browser, list);
  if ('dropped' in own || own.since === false) return own;
  return combineReadings([own, ...above.map((each) => readNode(each, browser, list))]);
}

/** The statement of one key by itself, if the nodes above it do not take it back. */
function readKey(place: MdnKey, browser: string, list: ReleaseList): Reading {
  const own = readNode(place.node, browser, list);
  if ('dropped' in own) return own;
  const whole = readWithWhole(place, browser, list);
  const agrees = 'since' in whole && whole.since === own.since;
  return agrees ? own : { dropped: 'whole_differs' };
}

/** MDN's own fine-grained statements, at `web/bcd/<segments of the key>/<browser>`. */
export function* readMdnKeys(mdn: MdnData, releases: Releases, tally: DropTally): Reader {
  const known = new Set(browsers.map((browser) => browser.id));
  for (const place of walkKeys(mdn)) {
    const feature = pathOfKey(place.key);
    for (const browser of Object.keys(place.node.__compat?.support ?? {})) {
      const list = releases.get(browser);
      if (!known.has(browser) || list === undefined) {
        tally.add('browser_not_shared');
        continue;
      }
      const reading = readKey(place, browser, list);
      if ('dropped' in reading) tally.add(reading.dropped);
      else yield { feature, browser, since: reading.since };
    }
  }
}

/** `api.Foo.bar` -> `web/bcd/api/Foo/bar`. */
export const pathOfKey = (key: string): string => `web/bcd/${key.replaceAll('.', '/')}`;

/**
 * One reading for a feature made of several keys: the latest of their starts; false when none is
 * supported; nothing when they differ in that.
 */
export function combineReadings(readings: readonly Reading[]): Reading {
  const dropped = readings.find((reading) => 'dropped' in reading);
  if (dropped !== undefined) return dropped;
  const values = readings.map((reading) => ('since' in reading ? reading.since : false));
  const starts = values.filter((value): value is string => value !== false);
  if (starts.length === 0) return { since: false };
  if (starts.length < values.length) return { dropped: 'keys_differ' };
  return { since: starts.reduce((a, b) => (compareVersions(a, b) >= 0 ? a : b)) };
}

/** What MDN's keys say of whole features, at `web/feature/<web-features id>/<browser>`. */
export function* readMdnFeatures(
  mdn: MdnData,
  releases: Releases,
  features: readonly CarriedFeature[],
  tally: DropTally,
): Reader {
  const places = new Map([...walkKeys(mdn)].map((place) => [place.key, place]));
  for (const feature of features) {
    for (const browser of sharedBrowsers) {
      const list = releases.get(browser.id);
      const reading = combineReadings(
        feature.keys.map((key) => {
          const place = places.get(key);
          return place === undefined || list === undefined
            ? { dropped: 'no_version' }
            : readWithWhole(place, browser.id, list);
        }),
      );
      if ('dropped' in reading) {
        tally.add(reading.dropped);
        continue;
      }
      const evidence = { rule: feature.rule, keys: String(feature.keys.length) };
      yield {
        feature: `web/feature/${feature.id}`,
        browser: browser.id,
        since: reading.since,
        evidence,
      };
    }
  }
}
