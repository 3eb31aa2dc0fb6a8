/** How much is lost and how long it takes, when the process, its store, or the machine is lost. */
import type { Costs } from './costs.js';
import { type Figure, figure, secondsOfDay, shown, shownBytes } from './figure.js';
import type { Measurements } from './measurements.js';
import type { Workload } from './workload.js';

export interface RecoveryPlan {
  readonly restart: Figure;
  readonly rebuild: Figure;
  readonly backup: Figure;
  readonly recovery_point: Figure;
  readonly recovery_time: Figure;
}

const restartOf = ({ sizes }: Measurements): Figure => {
  const slowest = Math.max(...sizes.map(({ readySeconds }) => readySeconds));
  const largest = Math.max(...sizes.map(({ claims }) => claims));
  const how = `the slowest start measured after SIGKILL, up to ${shown(largest)} claims`;
  return figure('process killed: ready again after', slowest, 'seconds', how);
};

const pointOf = (workload: Workload): Figure => {
  const { archiveSeconds, retentionDays, incrementalHours } = workload;
  const label = 'machine lost: claims of this time are lost';
  if (archiveSeconds > 0) {
    const how = 'the interval of the archive, and one pass of it that was under way';
    return figure(label, 2 * archiveSeconds, 'seconds', how);
  }
  if (retentionDays > 0) {
    const seconds = (incrementalHours * secondsOfDay) / 24;
    return figure(label, seconds, 'seconds', `a backup every ${shown(incrementalHours)} h`);
  }
  const how = 'neither archive nor backups: all that was ever said';
  return figure(label, Number.POSITIVE_INFINITY, 'seconds', how);
};

export const recoveryOf = (
  workload: Workload,
  costs: Costs,
  measured: Measurements,
): RecoveryPlan => {
  const { assertions, linkMbit, archiveSeconds, retentionDays } = workload;
  const { logBytes, rebuildSeconds, restoreSeconds, backupSeconds } = costs.stored;
  const rebuild = assertions * rebuildSeconds * costs.writeGrowth;
  const restore = assertions * restoreSeconds;
  const transfer = (assertions * logBytes * 8) / (linkMbit * 1e6);
  const each = shown(rebuildSeconds * 1e6);
  const grown = shown(costs.writeGrowth);
  return {
    restart: restartOf(measured),
    rebuild: figure(
      'store lost: made anew after',
      rebuild,
      'seconds',
      `${shown(assertions)} claims x ${each} us x ${grown} at this size`,
    ),
    backup: figure(
      'a full backup takes',
      assertions * backupSeconds,
      'seconds',
      `${shown(assertions)} claims x ${shown(backupSeconds * 1e6)} us to a disk like the node's`,
    ),
    recovery_point: pointOf(workload),
    recovery_time: figure(
      'machine lost: ready again after',
      archiveSeconds + retentionDays > 0 ? transfer + restore + rebuild : Number.POSITIVE_INFINITY,
      'seconds',
      `${shown(transfer)} s for ${shownBytes(assertions * logBytes)} over ${shown(linkMbit)} ` +
        `Mbit/s + ${shown(restore)} s to restore and compare it + ${shown(rebuild)} s to make ` +
        'the store anew',
    ),
  };
};
