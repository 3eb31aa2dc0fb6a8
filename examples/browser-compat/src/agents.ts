/**
 * The three agents of the demo and their source records. The keys are made from labels printed
 * here, so anybody can sign with them: they show how signing works and prove nothing.
 */
import {
  type AgentId,
  blake3,
  canonicalBytes,
  type JsonValue,
  keyPairFromSeed,
  type RecordId,
  type RecordKind,
  recordIdOf,
  type SignatureHex,
  type SourceContent,
} from '@stemedb/model';
import type { Packages } from './packages.js';
import type { SourceName } from './statement.js';

/** Signs the id of a record of this kind with the key of a 32-byte seed. */
export type SignRecord = (kind: RecordKind, target: RecordId, seed: Uint8Array) => SignatureHex;

/** A source record with its author's signature. */
export interface SignedSource {
  readonly name: SourceName;
  readonly id: RecordId;
  readonly content: SourceContent;
  readonly signature: SignatureHex;
}

/** One of the three voices: what its claims are signed with and rest on. */
export interface Voice {
  readonly name: SourceName;
  readonly agentId: AgentId;
  readonly seed: Uint8Array;
  readonly source: SignedSource;
  /** The release date of the data, milliseconds: the `asserted_at` of every claim. */
  readonly releasedMs: number;
}

/** The seed of a demo key is BLAKE3 of this label, a colon, a space and the source's name. */
const demoKeyLabel = 'stemedb browser-compat demo, a public key pair that proves nothing';

/**
 * web-features carries no date in its package; these are the registry's, from
 * `npm view web-features time`.
 */
const webFeaturesReleases: { readonly [version: string]: string } = {
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
  const seed = blake3(new TextEncoder().encode(`${demoKeyLabel}: ${release.name}`));
  const { agentId } = keyPairFromSeed(seed);
  const content: SourceContent = {
    kind: 'source',
    v: 1,
    agent_id: agentId,
    asserted_at: release.releasedMs,
    title: release.title,
    uri: `https://www.npmjs.com/package/${release.packageName}/v/${release.version}`,
    class: release.class,
    published_at: release.releasedMs,
  };
  const id = recordIdOf(canonicalBytes(content as unknown as JsonValue));
  const source = { name: release.name, id, content, signature: sign('source', id, seed) };
  return { name: release.name, agentId, seed, source, releasedMs: release.releasedMs };
}

/** The voices in the order in which they are loaded. */
export function makeVoices(packages: Packages, sign: SignRecord): readonly Voice[] {
  return releasesOf(packages).map((release) => voiceOf(release, sign));
}
