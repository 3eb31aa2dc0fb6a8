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

/** The nodes with a `__compat`, with their dotted key, in the order of the file. */
export function* walkKeys(mdn: MdnData): Generator<readonly [string, MdnNode], void, void> {
  for (const [root, node] of Object.entries(mdn)) {
    if (root === '__meta' || root === 'browsers') continue;
    yield* walkNode(root, node as MdnNode);
  }
}

function* walkNode(key: string, node: MdnNode): Generator<readonly [string, MdnNode], void, void> {
  if (node.__compat !== undefined) yield [key, node];
  for (const [name, child] of Object.entries(node)) {
    if (name !== '__compat') yield* walkNode(`${key}.${name}`, child as MdnNode);
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

/** MDN's own fine-grained statements, at `web/bcd/<segments of the key>/<browser>`. */
export function* readMdnKeys(mdn: MdnData, releases: Releases, tally: DropTally): Reader {
  const known = new Set(browsers.map((browser) => browser.id));
  for (const [key, node] of walkKeys(mdn)) {
    const feature = pathOfKey(key);
    for (const [browser, support] of Object.entries(node.__compat?.support ?? {})) {
      const list = releases.get(browser);
      if (!known.has(browser) || list === undefined) {
        tally.add('browser_not_shared');
        continue;
      }
      const reading = readMdnSupport(support, list);
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
  const nodes = new Map(walkKeys(mdn));
  for (const feature of features) {
    for (const browser of sharedBrowsers) {
      const list = releases.get(browser.id);
      const supports = feature.keys.map((key) => nodes.get(key)?.__compat?.support[browser.id]);
      const reading = combineReadings(
        supports.map((support) =>
          support === undefined || list === undefined
            ? { dropped: 'no_version' }
            : readMdnSupport(support, list),
        ),
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
