/**
 * Loading in the order of history: the older release, then the epoch of the newer one, which puts
 * the older out of force, then the newer one. Each is complete before the next begins, so just
 * before the second epoch the database has the older release and nothing else of the demo.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { type CompatDataset, openDataset } from './dataset.js';
import { grouped } from './format.js';
import { loadOlderPackages, loadPackages } from './packages.js';
import type { DemoClient, DemoOutput, Recorded, SendResult } from './ports.js';
import type { SignedClaim, SignRecord } from './records.js';
import { justBefore } from './stamps.js';

/** The same sources twice, a year apart. */
export interface Releases {
  /** Whole features only. */
  readonly older: CompatDataset;
  readonly newer: CompatDataset;
}

/** Reads the installed packages. */
export function openReleases(sign?: SignRecord): Releases {
  const older = openDataset(sign, loadOlderPackages(), { scope: 'features' });
  const newer = openDataset(sign, loadPackages(), { supersedes: older.epoch.id });
  return { older, newer };
}

export interface Loaded {
  readonly sent: SendResult;
  /** The last moment at which the older release was in force. */
  readonly between: HlcStamp;
  /** The first moment at which the newer release was there as a whole. */
  readonly complete: HlcStamp;
}

export async function loadReleases(
  client: DemoClient,
  output: DemoOutput,
  { older, newer }: Releases,
): Promise<Loaded> {
  await output.section(`Loading ${grouped(older.total + newer.total)} signed claims`);
  const first = await loadRelease(client, output, older);
  const second = await loadRelease(client, output, newer);
  const sent: SendResult = {
    created: first.sent.created + second.sent.created,
    duplicate: first.sent.duplicate + second.sent.duplicate,
    refused: first.sent.refused + second.sent.refused,
  };
  const { created, duplicate, refused } = sent;
  await output.line(
    `${grouped(created)} added, ${grouped(duplicate)} already there, ${grouped(refused)} refused.`,
  );
  if (created === 0 && refused === 0) {
    await output.line('Nothing was added: the same content has the same id, so it is stored once.');
  }
  return { sent, between: justBefore(second.epoch.recorded_stamp), complete: second.complete };
}

interface LoadedRelease {
  readonly sent: SendResult;
  readonly epoch: Recorded;
  readonly complete: HlcStamp;
}

async function loadRelease(
  client: DemoClient,
  output: DemoOutput,
  release: CompatDataset,
): Promise<LoadedRelease> {
  const epoch = await client.put(release.epoch);
  for (const source of release.sources) await client.put(source);
  const progress = output.progress(`claims of ${release.epoch.content.name}`, release.total);
  let last: RecordId = release.epoch.id;
  function* remembered(): Generator<SignedClaim, void> {
    for (const claim of release.claims()) {
      last = claim.id;
      yield claim;
    }
  }
  const sent = await client
    .sendClaims(remembered(), (done) => progress.update(done))
    .finally(() => progress.stop());
  const { recorded_stamp: complete } = (await client.record(last)) ?? epoch;
  return { sent, epoch, complete };
}
