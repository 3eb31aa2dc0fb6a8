/** The machine to take for a plan, the limits to give the process, and whether one node will do. */
import { shown } from './figure.js';
import type { Measurements } from './measurements.js';
import type { Plan } from './plan.js';
import type { Workload } from './workload.js';

/** So busy a node may be at the peak: above it waiting grows faster than work. */
const busyShareMax = 0.7;
/** A second one for signatures, the engine of the store and the collector. */
const coresMin = 2;
const gibibyte = 1024 ** 3;
/** What machines and cloud instances are sold with. */
const memoryGibSizes = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024] as const;
/** For the system and everything else that runs beside the server. */
const systemBytes = gibibyte;
/** Pages of files that the process touches count against its group, and go when memory is short. */
const groupSpareShare = 1.25;
/** As far beyond the largest database measured figures are drawn out, and no further. */
const extrapolationMax = 10;

/** `measured`: such a node was seen. `extrapolated`: a larger one than any. `beyond`: too much. */
type Verdict = 'measured' | 'extrapolated' | 'beyond';

export interface Recommendation {
  readonly verdict: Verdict;
  /** Why it is not `measured`, and what to do; empty when it is. */
  readonly reasons: readonly string[];
  readonly machine: {
    readonly cores: number;
    readonly memory_gib: number;
    readonly log_volume_gib: number;
    readonly store_volume_gib: number;
    readonly backup_volume_gib: number;
  };
  /** For systemd (MemoryHigh, MemoryMax, CPUQuota) or any other user of control groups. */
  readonly limits: {
    readonly memory_high_bytes: number;
    readonly memory_max_bytes: number;
    readonly cpu_quota_percent: number;
  };
}

const gib = (bytes: number): number => Math.ceil(bytes / gibibyte);

const reasonsOf = (
  plan: Plan,
  { assertions, claimBytes }: Workload,
  { sizes, bulk }: Measurements,
): { readonly verdict: Verdict; readonly reasons: readonly string[] } => {
  const largest = Math.max(...sizes.map(({ claims }) => claims));
  const busy = plan.processor.busy.value;
  const beyond: string[] = [];
  if (busy > busyShareMax) {
    beyond.push(
      `The main thread would be ${shown(busy * 100)} % busy at the peak; ` +
        `${busyShareMax * 100} % is the most that leaves room. It does nearly everything, so ` +
        'more cores do not help: send claims as streams, ask fewer new questions, or wait for ' +
        'the cluster.',
    );
  }
  if (assertions > largest * extrapolationMax) {
    beyond.push(
      `The largest database that was measured had ${shown(largest)} claims. More than ` +
        `${extrapolationMax} times as many is no figure but a guess: wait for the cluster, or ` +
        'measure such a node yourself (npm run bench -- --sizes).',
    );
  }
  if (beyond.length > 0) return { verdict: 'beyond', reasons: beyond };
  const widest = Math.max(...bulk.map((point) => point.claimBytes));
  const drawn: string[] = [];
  const advice = 'these figures are drawn out from there. Check them with a pilot of this size.';
  if (assertions > largest) {
    drawn.push(`The largest database that was measured had ${shown(largest)} claims; ${advice}`);
  }
  if (claimBytes > widest) {
    drawn.push(`The largest claims that were measured had ${shown(widest)} bytes; ${advice}`);
  }
  return { verdict: drawn.length === 0 ? 'measured' : 'extrapolated', reasons: drawn };
};

export const recommend = (
  plan: Plan,
  workload: Workload,
  measured: Measurements,
): Recommendation => {
  const { process_max: processMax, page_cache: pageCache } = plan.memory;
  const cores = Math.max(coresMin, Math.ceil(plan.processor.cores.value / busyShareMax));
  const wanted = (processMax.value + pageCache.value + systemBytes) / gibibyte;
  const memoryGib =
    memoryGibSizes.find((size) => size >= wanted) ?? Math.ceil(wanted / 1_024) * 1_024;
  const { log_volume: log, store_volume: store, backup_volume: backups } = plan.disk;
  const high = Math.ceil(processMax.value + pageCache.value);
  return {
    ...reasonsOf(plan, workload, measured),
    machine: {
      cores,
      memory_gib: memoryGib,
      log_volume_gib: gib(log.value),
      store_volume_gib: gib(store.value),
      backup_volume_gib: gib(backups.value),
    },
    limits: {
      memory_high_bytes: high,
      // Something is left for the system, whatever the spare would come to.
      memory_max_bytes: Math.min(
        Math.ceil(high * groupSpareShare),
        memoryGib * gibibyte - systemBytes / 2,
      ),
      cpu_quota_percent: cores * 100,
    },
  };
};
