/**
 * Reads `web-features`: its figure for each whole feature and for each MDN key in it. Where it
 * gives no version it does not say why (no support, or support in part), so that is no statement.
 */
import { browsers } from './browsers.js';
import { properFeatures } from './features.js';
import { pathOfKey } from './mdn.js';
import type { WebFeatureSupport, WebFeaturesData } from './packages.js';
import type { ReleaseList } from './releases.js';
import type { DatasetScope, DropTally, Reader, Reading } from './statement.js';

const ids: readonly string[] = browsers.filter((b) => b.inWebFeatures).map((b) => b.id);

/** Reads one figure: `79`, or `≤79`, or nothing. */
export function readFigure(version: string | undefined, list: ReleaseList): Reading {
  if (version === undefined) return { dropped: 'no_version' };
  if (version.startsWith('≤')) return { dropped: 'upper_bound' };
  const since = list.find(version);
  return since === undefined ? { dropped: 'unknown_version' } : { since };
}

/**
 * Whole features at `web/feature/<id>/<browser>`, and, unless only these are wanted, keys at
 * `web/bcd/<segments>/<browser>`.
 */
export function* readWebFeatures(
  data: WebFeaturesData,
  releases: ReadonlyMap<string, ReleaseList>,
  tally: DropTally,
  scope: DatasetScope,
): Reader {
  // A key can belong to several features; the package gives it the same figures in each.
  const seen = new Set<string>();
  for (const [id, feature] of properFeatures(data)) {
    if (feature.status === undefined) continue;
    yield* readSupport(`web/feature/${id}`, feature.status.support, releases, tally);
    if (scope === 'features') continue;
    for (const [key, status] of Object.entries(feature.status.by_compat_key ?? {})) {
      if (seen.has(key)) continue;
      seen.add(key);
      yield* readSupport(pathOfKey(key), status.support, releases, tally);
    }
  }
}

function* readSupport(
  feature: string,
  support: WebFeatureSupport,
  releases: ReadonlyMap<string, ReleaseList>,
  tally: DropTally,
): Reader {
  for (const browser of ids) {
    const list = releases.get(browser);
    if (list === undefined) continue;
    const reading = readFigure(support[browser], list);
    if ('dropped' in reading) tally.add(reading.dropped);
    else yield { feature, browser, since: reading.since };
  }
}
