import { ReleaseList } from '../src/releases.js';

/** A browser with these released versions, and `beta` after them. */
export function releaseList(versions: readonly string[], beta?: string): ReleaseList {
  const all = versions.map((version, index) => [version, { index, status: 'retired' }] as const);
  const next = beta === undefined ? [] : [[beta, { index: all.length, status: 'beta' }] as const];
  return new ReleaseList({ releases: Object.fromEntries([...all, ...next]) });
}
