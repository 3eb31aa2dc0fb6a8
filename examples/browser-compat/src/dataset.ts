/**
 * The demo's data as signed records. Content and order depend on the packages alone, so a second
 * run makes the same ids. Claims are made one at a time: nothing is collected.
 */
import type { AssertionContent, EpochContent, RecordId } from '@stemedb/model';
import { sign as signPure } from '@stemedb/model';
import { makeVoices, type SignedSource, type Voice } from './agents.js';
import { sharedBrowsers } from './browsers.js';
import { mapFeatures, readCaniuse } from './caniuse.js';
import { makeEpoch } from './epochs.js';
import { type CarriedFeature, carriedFeature, properFeatures } from './features.js';
import { readMdnFeatures, readMdnKeys } from './mdn.js';
import { loadPackages, type Packages } from './packages.js';
import { type SignedClaim, type SignedRecord, type SignRecord, signed } from './records.js';
import { readReleases } from './releases.js';
import {
  type DatasetScope,
  type DropReason,
  DropTally,
  dropReasons,
  type Reader,
  type SourceName,
  type Statement,
} from './statement.js';
import { readWebFeatures } from './web_features.js';

/** The predicate of every claim: the first release of today's run of full support, or false. */
export const supportedSince = 'supported_since';

/** How many entries of a part of a package did not compare, for one reason. */
export interface DroppedRow {
  readonly part: string;
  readonly reason: DropReason;
  readonly text: string;
  readonly count: number;
}

export interface CompatDataset {
  /** What every claim belongs to. */
  readonly epoch: SignedRecord<EpochContent>;
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

export interface DatasetOptions {
  readonly scope?: DatasetScope;
  /** The epoch of an earlier release, which this one puts out of force. */
  readonly supersedes?: RecordId;
}

function partsOf(packages: Packages, scope: DatasetScope): readonly Part[] {
  const releases = readReleases(packages.mdn);
  const mapping = mapFeatures(packages.webFeatures);
  const keys: Part = {
    source: 'mdn',
    name: 'MDN, keys',
    read: (tally) => readMdnKeys(packages.mdn, releases, tally),
  };
  return [
    ...(scope === 'all' ? [keys] : []),
    {
      source: 'mdn',
      name: 'MDN, whole features',
      read: (tally) =>
        readMdnFeatures(packages.mdn, releases, carriedFeatures(packages, tally), tally),
    },
    {
      source: 'web-features',
      name: 'web-features',
      read: (tally) => readWebFeatures(packages.webFeatures, releases, tally, scope),
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

/** What all claims of a release have in common. */
interface Frame {
  readonly epoch: RecordId;
  readonly mdnSource: RecordId;
}

function contentOf(statement: Statement, voice: Voice, frame: Frame): AssertionContent {
  return {
    kind: 'assertion',
    v: 1,
    agent_id: voice.key.agentId,
    asserted_at: voice.releasedMs,
    concept_path: `${statement.feature}/${statement.browser}`,
    predicate: supportedSince,
    value: statement.since,
    source: voice.source.id,
    epoch: frame.epoch,
    // The figures of web-features are computed from MDN's: same origin, no second voice.
    ...(voice.name === 'web-features' ? { derived_from: [frame.mdnSource] } : {}),
    ...(statement.evidence === undefined ? {} : { metadata: statement.evidence }),
  };
}

/**
 * Reads packages, counts what they say, and makes the records of their epoch and sources. `sign` is
 * the signer to use: the model's own is pure and slow, a native one gives the same signatures.
 */
export function openDataset(
  sign: SignRecord = signPure,
  packages: Packages = loadPackages(),
  { scope = 'all', supersedes }: DatasetOptions = {},
): CompatDataset {
  const voices = new Map(makeVoices(packages, sign).map((voice) => [voice.name, voice]));
  const voice = (name: SourceName): Voice => {
    const found = voices.get(name);
    if (found === undefined) throw new Error(`no voice is named ${name}`);
    return found;
  };
  const parts = partsOf(packages, scope);
  const { counts, dropped } = survey(parts);
  const epoch = makeEpoch([...voices.values()], supersedes, sign);
  const frame: Frame = { epoch: epoch.id, mdnSource: voice('mdn').source.id };

  function* claims(): Generator<SignedClaim, void, void> {
    for (const part of parts) {
      const author = voice(part.source);
      for (const statement of part.read(new DropTally())) {
        yield signed(contentOf(statement, author, frame), author.key, sign);
      }
    }
  }

  return {
    epoch,
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
