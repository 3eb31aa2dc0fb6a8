/** What the parts of the second act share. */
import type { HlcStamp } from '@stemedb/model';
import type { SignedSource } from './agents.js';
import type { Releases } from './loading.js';
import type { DemoClient, DemoOutput } from './ports.js';
import type { SignRecord } from './records.js';
import type { SourceName } from './statement.js';

export interface Stage {
  readonly client: DemoClient;
  readonly output: DemoOutput;
  readonly releases: Releases;
  readonly sign: SignRecord;
  /** The last moment at which the older release was in force. */
  readonly between: HlcStamp;
  /** The first moment at which the newer release was there as a whole. */
  readonly complete: HlcStamp;
}

/**
 * What the demo says of other records, in the order in which it says it: each a minute after the
 * one before, from the newer release on. The times are fixed so that the ids are.
 */
const steps = ['retraction', 'restoration', 'correction', 'uncorrection'] as const;

export const statedAt = ({ releases }: Stage, step: (typeof steps)[number]): number =>
  releases.newer.epoch.content.asserted_at + (steps.indexOf(step) + 1) * 60_000;

export const sourceNamed = (sources: readonly SignedSource[], name: SourceName): SignedSource => {
  const found = sources.find((source) => source.name === name);
  if (found === undefined) throw new Error(`no source is named ${name}`);
  return found;
};
