/**
 * The demo's data as signed records. Content and order depend on the packages alone, so a second
 * run makes the same ids. Claims are made one at a time: nothing is collected.
 */
import {
  type AgentId,
  type AssertionContent,
  canonicalBytes,
  type JsonValue,
  type RecordId,
  recordIdOf,
  type SignatureHex,
  sign as signPure,
} from '@stemedb/model';
import { makeVoices, type SignedSource, type SignRecord, type Voice } from './agents.js';
import { sharedBrowsers } from './browsers.js';
import { mapFeatures, readCaniuse } from './caniuse.js';
import { type CarriedFeature, carriedFeature, properFeatures } from './features.js';
import { readMdnFeatures, readMdnKeys } from './mdn.js';
import { loadPackages, type Packages } from './packages.js';
import { readReleases } from './releases.js';
import {
  type DropReason,
  DropTally,
  dropReasons,
  type Reader,
  type SourceName,
  type Statement,
} from './statement.js';
import { readWebFeatures } from './web-features.js';

/** The predicate of every claim: the first release of today's run of full support, or false. */
export const supportedSince = 'supported_since';

/** A complete assertion with its author's signature, ready to be sent. */
export interface SignedClaim {
  readonly id: RecordId;
  readonly content: AssertionContent;
  readonly signatures: readonly {
    readonly agent_id: AgentId;
    readonly signature: SignatureHex;
  }[];
}

/** How many entries of a part of a package did not compare, for one reason. */
export interface DroppedRow {
  readonly part: string;
  readonly reason: DropReason;
  readonly text: string;
  readonly count: number;
}

export interface CompatDataset {
  readonly sources: readonly SignedSource[];
  /** Claims that `claims()` yields, by source and in all. */
  readonly counts: Readonly<Record<SourceName, number>>;
  readonly total: number;
  readonly dropped: readonly DroppedRow[];
  /** May be called again; each call reads from the start and signs as it goes. */
  claims(): Iterable<SignedClaim>;
}

/** One part of one package: what is read by one reader and tallied by itself. */
interface Part {
  readonly source: SourceName;
  readonly name: string;
  readonly read: (tally: DropTally) => Reader;
}

function partsOf(packages: Packages): readonly Part[] {
  const releases = readReleases(packages.mdn);
  const mapping = mapFeatures(packages.webFeatures);
  return [
    {
      source: 'mdn',
      name: 'MDN, keys',
      read: (tally) => readMdnKeys(packages.mdn, releases, tally),
    },
    {
      source: 'mdn',
      name: 'MDN, whole features',
      read: (tally) =>
        readMdnFeatures(packages.mdn, releases, carriedFeatures(packages, tally), tally),
    },
    {
      source: 'web-features',
      name: 'web-features',
      read: (tally) => readWebFeatures(packages.webFeatures, releases, tally),
    },
    {
      source: 'caniuse',
      name: 'caniuse',
      read: (tally) => readCaniuse(packages.caniuse, mapping, releases, tally),
    },
  ];
}

function carriedFeatures(packages: Packages, tally: DropTally): readonly CarriedFeature[] {
  const carried: CarriedFeature[] = [];
  for (const [id, feature] of properFeatures(packages.webFeatures)) {
    const found = carriedFeature(id, feature);
    if (found === undefined) tally.add('no_headline', sharedBrowsers.length);
    else carried.push(found);
  }
  return carried;
}

function contentOf(statement: Statement, voice: Voice, mdnSource: RecordId): AssertionContent {
  return {
    kind: 'assertion',
    v: 1,
    agent_id: voice.agentId,
    asserted_at: voice.releasedMs,
    concept_path: `${statement.feature}/${statement.browser}`,
    predicate: supportedSince,
    value: statement.since,
    source: voice.source.id,
    // The figures of web-features are computed from MDN's: same origin, no second voice.
    ...(voice.name === 'web-features' ? { derived_from: [mdnSource] } : {}),
    ...(statement.evidence === undefined ? {} : { metadata: statement.evidence }),
  };
}

/**
 * Reads the installed packages, counts what they say, and makes the source records. `sign` is the
 * signer to use: the model's own is pure and slow, a native one gives the same signatures.
 */
export function openDataset(
  sign: SignRecord = signPure,
  packages: Packages = loadPackages(),
): CompatDataset {
  const voices = new Map(makeVoices(packages, sign).map((voice) => [voice.name, voice]));
  const voice = (name: SourceName): Voice => {
    const found = voices.get(name);
    if (found === undefined) throw new Error(`no voice is named ${name}`);
    return found;
  };
  const parts = partsOf(packages);
  const { counts, dropped } = survey(parts);
  const mdnSource = voice('mdn').source.id;

  function* claims(): Generator<SignedClaim, void, void> {
    for (const part of parts) {
      const author = voice(part.source);
      for (const statement of part.read(new DropTally())) {
        const content = contentOf(statement, author, mdnSource);
        const id = recordIdOf(canonicalBytes(content as unknown as JsonValue));
        const signature = sign('assertion', id, author.seed);
        yield { id, content, signatures: [{ agent_id: author.agentId, signature }] };
      }
    }
  }

  return {
    sources: [...voices.values()].map((each) => each.source),
    counts,
    total: counts.mdn + counts.caniuse + counts['web-features'],
    dropped,
    claims,
  };
}

/** Reads everything once without hashing or signing. */
function survey(parts: readonly Part[]): Pick<CompatDataset, 'counts' | 'dropped'> {
  const counts = { mdn: 0, caniuse: 0, 'web-features': 0 };
  const dropped: DroppedRow[] = [];
  for (const part of parts) {
    const tally = new DropTally();
    for (const _ of part.read(tally)) counts[part.source] += 1;
    for (const [reason, text] of Object.entries(dropReasons)) {
      const count = tally.count(reason as DropReason);
      if (count > 0) dropped.push({ part: part.name, reason: reason as DropReason, text, count });
    }
  }
  return { counts, dropped };
}
