/**
 * Which of MDN's keys stand for a whole feature. web-features computes a feature's figures as the
 * latest start among its keys, or among an editor's choice of them which the package does not name.
 * A set of keys stands for a feature here only when it reproduces the feature's own figures from
 * the package's own figures for keys, in all seven browsers.
 */
import { browsers } from './browsers.js';
import type { WebFeature, WebFeatureSupport, WebFeaturesData } from './packages.js';
import { compareVersions } from './releases.js';

export interface CarriedFeature {
  readonly id: string;
  /** MDN keys that stand for the feature, at least one. */
  readonly keys: readonly string[];
  /** `all-keys`: the latest of all; `carrying-keys`: each of them has the feature's figures. */
  readonly rule: 'all-keys' | 'carrying-keys';
}

const ids: readonly string[] = browsers.filter((b) => b.inWebFeatures).map((b) => b.id);

const bare = (version: string): string => version.replace('≤', '');

function latest(supports: readonly WebFeatureSupport[], browser: string): string | undefined {
  let last: string | undefined;
  for (const support of supports) {
    const version = support[browser];
    if (version === undefined) return undefined;
    if (last === undefined || compareVersions(bare(version), bare(last)) > 0) last = version;
  }
  return last;
}

/** The features proper; `moved` and `split` entries only name others. */
export function* properFeatures(
  data: WebFeaturesData,
): Generator<readonly [string, WebFeature], void, void> {
  for (const [id, feature] of Object.entries(data.features)) {
    if (feature.kind === 'feature') yield [id, feature];
  }
}

/** The keys that stand for a feature, or undefined when no set reproduces its figures. */
export function carriedFeature(id: string, feature: WebFeature): CarriedFeature | undefined {
  const headline = feature.status?.support;
  const byKey = feature.status?.by_compat_key;
  const keys = (feature.compat_features ?? []).filter((key) => byKey?.[key] !== undefined);
  if (headline === undefined || byKey === undefined || keys.length === 0) return undefined;
  const supports = keys.map((key) => byKey[key]?.support ?? {});
  if (ids.every((browser) => latest(supports, browser) === headline[browser])) {
    return { id, keys, rule: 'all-keys' };
  }
  const carrying = keys.filter((key) =>
    ids.every((browser) => byKey[key]?.support[browser] === headline[browser]),
  );
  return carrying.length === 0 ? undefined : { id, keys: carrying, rule: 'carrying-keys' };
}
