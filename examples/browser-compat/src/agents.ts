/** The three agents of the demo and the source records of one release of their data. */
import type { SourceContent } from '@stemedb/model';
import { type DemoKey, demoKey } from './keys.js';
import type { Packages } from './packages.js';
import { type SignedRecord, type SignRecord, signed } from './records.js';
import type { SourceName } from './statement.js';

/** A source record with its author's signature. */
export interface SignedSource extends SignedRecord<SourceContent> {
  readonly name: SourceName;
}

/** One of the three voices: what its claims are signed with and rest on. */
export interface Voice {
  readonly name: SourceName;
  readonly key: DemoKey;
  readonly source: SignedSource;
  /** The release date of the data, milliseconds: the `asserted_at` of every claim. */
  readonly releasedMs: number;
}

/**
 * web-features carries no date in its package; these are the registry's, from
 * `npm view web-features time`.
 */
const webFeaturesReleases: { readonly [version: string]: string } = {
  '3.13.0': '2026-01-16T05:37:16.817Z',
  '3.40.0': '2026-09-25T15:47:31.941Z',
};

interface Release {
  readonly name: SourceName;
  readonly title: string;
  readonly packageName: string;
  readonly version: string;
  readonly releasedMs: number;
  /** The demo's choice, so that `layered` has two tiers to show. */
  readonly class: 'expert' | 'community';
}

function webFeaturesReleasedMs(version: string): number {
  const date = webFeaturesReleases[version];
  if (date === undefined) {
    throw new Error(`the release date of web-features ${version} is not in the table of agents.ts`);
  }
  return Date.parse(date);
}

function releasesOf(packages: Packages): readonly Release[] {
  const { version, timestamp } = packages.mdn.__meta;
  return [
    {
      name: 'mdn',
      title: `MDN browser-compat-data ${version}`,
      packageName: '@mdn/browser-compat-data',
      version,
      releasedMs: Date.parse(timestamp),
      class: 'expert',
    },
    {
      name: 'web-features',
      title: `web-features ${packages.webFeaturesVersion} of the WebDX community group`,
      packageName: 'web-features',
      version: packages.webFeaturesVersion,
      releasedMs: webFeaturesReleasedMs(packages.webFeaturesVersion),
      class: 'expert',
    },
    {
      name: 'caniuse',
      title: `caniuse.com support data ${packages.caniuseVersion}, by Alexis Deveria and others`,
      packageName: 'caniuse-db',
      version: packages.caniuseVersion,
      releasedMs: packages.caniuse.updated * 1000,
      class: 'community',
    },
  ];
}

function voiceOf(release: Release, sign: SignRecord): Voice {
  const { name, releasedMs } = release;
  const key = demoKey(name);
  const content: SourceContent = {
    kind: 'source',
    v: 1,
    agent_id: key.agentId,
    asserted_at: releasedMs,
    title: release.title,
    uri: `https://www.npmjs.com/package/${release.packageName}/v/${release.version}`,
    class: release.class,
    published_at: releasedMs,
  };
  return { name, key, source: { name, ...signed(content, key, sign) }, releasedMs };
}

/** The voices in the order in which they are loaded. */
export function makeVoices(packages: Packages, sign: SignRecord): readonly Voice[] {
  return releasesOf(packages).map((release) => voiceOf(release, sign));
}
