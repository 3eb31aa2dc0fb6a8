/** What a workload needs of disks: room for log, store, backups and archive, syncs, throughput. */
import type { Costs } from './costs.js';
import { type Figure, figure, mebibyte, secondsOfDay, shown, shownBytes } from './figure.js';
import type { Load } from './load.js';
import type { Workload } from './workload.js';

/** Volumes are planned to be at most so full: file systems and people need the rest. */
const fullShareMax = 0.8;
/** Below this much free space writes are refused (docs/configuration.md). */
const reserveBytes = 256 * mebibyte;
/** After an unclean stop the open segment is copied before anything is served. */
const segmentBytes = 64 * mebibyte;
/** Of the time, syncs may take this much: each write waits for the one before its own. */
const syncingShareMax = 0.5;
/** A single write should not wait longer, however few there are. */
const syncMsMax = 20;
const restoreRoom = 2;
const pageBytes = 4_096;

export interface DiskPlan {
  readonly log: Figure;
  readonly store: Figure;
  readonly daily_growth: Figure;
  readonly reached_after: Figure;
  readonly log_volume: Figure;
  readonly store_volume: Figure;
  readonly backups: Figure;
  readonly backup_volume: Figure;
  readonly restore_room: Figure;
  readonly archive: Figure;
  readonly syncs_at_peak: Figure;
  readonly sync_p99: Figure;
  readonly written_at_peak: Figure;
}

const volume = (label: string, bytes: number, beside: number, name: string): Figure =>
  figure(
    label,
    (bytes + beside) / fullShareMax,
    'bytes',
    `(${shownBytes(bytes)} of ${name} + ${shownBytes(beside)} that must stay free) / ` +
      `${fullShareMax}, so that it is at most ${fullShareMax * 100} % full`,
  );

const backupsOf = (workload: Workload, logBytes: number, dailyBytes: number): Figure => {
  const { retentionDays, fullEveryDays, incrementalHours } = workload;
  if (retentionDays === 0) return figure('backups', 0, 'bytes', 'none are kept');
  // The oldest that is kept may rest on a full one that is older than the retention.
  const fulls = Math.ceil(retentionDays / fullEveryDays) + 1;
  const days = retentionDays + fullEveryDays;
  // Increments hold each part of the log once, and the open segment anew, half full on average.
  const grown = Math.min(days * dailyBytes, logBytes);
  const count = Math.ceil((days * 24) / incrementalHours);
  const open = Math.min(segmentBytes / 2, logBytes);
  return figure(
    'backups',
    fulls * logBytes + grown + count * open,
    'bytes',
    `${fulls} full ones of ${shownBytes(logBytes)} (one every ${shown(fullEveryDays)} days) + ` +
      `${shown(days)} days of ${shownBytes(dailyBytes)} a day, at most the log, + ` +
      `${shown(count)} increments with the open segment, ${shownBytes(open)} on average`,
  );
};

const speedOf = (load: Load, costs: Costs) => {
  const { single, streamed } = costs;
  const syncs = load.single;
  const syncsHow =
    `${shown(load.single)} single claims a second, each with a sync of its own when they come ` +
    `one by one; at full load ${shown(single.syncs)} each, because those that wait share one`;
  const limit = syncs === 0 ? syncMsMax : Math.min(syncMsMax, (syncingShareMax * 1000) / syncs);
  return {
    syncs_at_peak: figure('syncs at the peak, at most', syncs, 'a second', syncsHow),
    sync_p99: figure(
      'p99 of a sync, at most',
      limit,
      'ms',
      `half of the time between ${shown(syncs)} syncs a second, and never above ${syncMsMax} ms; ` +
        'a slower disk works, but then claims wait for each other',
    ),
    written_at_peak: figure(
      'written at the peak',
      load.single * (single.writtenBytes + pageBytes) + load.streamed * streamed.writtenBytes,
      'bytes a second',
      `${shown(load.single)}/s x (${shown(single.writtenBytes)} bytes + a page of ${pageBytes}, ` +
        'which a sync of its own writes again) + ' +
        `${shown(load.streamed)}/s x ${shown(streamed.writtenBytes)} bytes`,
    ),
  };
};

export const diskOf = (workload: Workload, load: Load, costs: Costs): DiskPlan => {
  const { assertions, ingestPerSecond, archiveSeconds } = workload;
  const { logBytes, storeBytes } = costs.stored;
  const log = assertions * logBytes;
  const store = assertions * storeBytes;
  const daily = ingestPerSecond * secondsOfDay;
  const backups = backupsOf(workload, log, daily * logBytes);
  const claims = `${shown(assertions)} claims x`;
  return {
    log: figure('log', log, 'bytes', `${claims} ${shown(logBytes)} bytes`),
    store: figure('store', store, 'bytes', `${claims} ${shown(storeBytes)} bytes`),
    daily_growth: figure(
      'grows a day by',
      daily * (logBytes + storeBytes),
      'bytes',
      `${shown(daily)} claims a day x ${shown(logBytes + storeBytes)} bytes`,
    ),
    reached_after: figure(
      'so many claims are reached after',
      assertions === 0 ? 0 : assertions / ingestPerSecond,
      'seconds',
      `${claims.slice(0, -2)} / ${shown(ingestPerSecond)} a second, from an empty database`,
    ),
    log_volume: volume('volume of the log', log, reserveBytes + segmentBytes, 'log'),
    store_volume: volume('volume of the store', store, reserveBytes, 'store'),
    backups,
    backup_volume: volume('volume of the backups', backups.value, 0, 'backups'),
    restore_room: figure(
      'room for a restore or a drill',
      restoreRoom * (log + store),
      'bytes',
      `${restoreRoom} x (log + store), on a disk beside the node's or on the next machine`,
    ),
    archive:
      archiveSeconds === 0
        ? figure('archive', 0, 'bytes', 'there is none')
        : figure('archive', log, 'bytes', 'the log, not compressed; it is never thinned out'),
    ...speedOf(load, costs),
  };
};
