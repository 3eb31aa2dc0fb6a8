/**
 * What a workload needs of one node: processor, memory, disk, network, and how much is lost and how
 * long it takes when the node is. Each figure says how it was reckoned.
 */
import { type Cost, type Costs, costsOf } from './costs.js';
import { type DiskPlan, diskOf } from './disk.js';
import { type Figure, figure, shown, shownBytes } from './figure.js';
import { type Load, peakOf, summed, summedInWords } from './load.js';
import type { Measurements } from './measurements.js';
import { type RecoveryPlan, recoveryOf } from './recovery.js';
import type { Workload } from './workload.js';

/** As often a record is sent to the archive: alone, merged with others, and in its segment. */
const archivedTimes = 4;

export interface Plan {
  readonly processor: { readonly busy: Figure; readonly cores: Figure };
  readonly memory: {
    readonly process: Figure;
    readonly process_max: Figure;
    readonly page_cache: Figure;
  };
  readonly disk: DiskPlan;
  readonly network: { readonly received: Figure; readonly sent: Figure };
  readonly recovery: RecoveryPlan;
}

const processor = (load: Load, costs: Costs): Plan['processor'] => {
  const { writeGrowth, questionGrowth } = costs;
  const of = (read: (cost: Cost) => number): number => {
    const { writes, questions } = summed(load, costs, read);
    return (writes * writeGrowth + questions * questionGrowth) / 1e6;
  };
  const mainThread = (cost: Cost): number => cost.mainThreadMicroseconds;
  const size =
    `; writes x ${shown(writeGrowth)} and questions x ${shown(questionGrowth)} at this number of ` +
    'claims';
  return {
    busy: figure(
      'main thread busy at the peak',
      of(mainThread),
      'share',
      `${summedInWords(load, costs, 'us of the main thread', mainThread)}${size}`,
    ),
    cores: figure(
      'all threads at the peak',
      of((cost) => cost.microseconds),
      'cores',
      `${summedInWords(load, costs, 'us', (cost) => cost.microseconds)}${size}`,
    ),
  };
};

const memory = (
  { cacheBytes, hotShare, assertions }: Workload,
  costs: Costs,
  boundBytes: number,
): Plan['memory'] => {
  const own = costs.memoryBytes + cacheBytes;
  const content = assertions * (costs.stored.logBytes + costs.stored.storeBytes);
  return {
    process: figure(
      'the process, usually',
      own,
      'bytes',
      `${shownBytes(costs.memoryBytes)} at ${shown(assertions)} claims + ` +
        `${shownBytes(cacheBytes)} of cache`,
    ),
    process_max: figure(
      'the process, at most',
      Math.max(boundBytes, own),
      'bytes',
      'the sum of its limits (docs/configuration.md, Memory)',
    ),
    page_cache: figure(
      'page cache for what is asked often',
      content * hotShare,
      'bytes',
      `${shown(hotShare * 100)} % of the ${shownBytes(content)} of log and store`,
    ),
  };
};

const network = (workload: Workload, load: Load, costs: Costs): Plan['network'] => {
  const received = summed(load, costs, ({ receivedBytes }) => receivedBytes);
  const sent = summed(load, costs, ({ sentBytes }) => sentBytes);
  const archived = workload.archiveSeconds === 0 ? 0 : load.single + load.streamed;
  const copying = archived * costs.stored.logBytes * archivedTimes;
  return {
    received: figure(
      'received at the peak',
      8 * (received.writes + received.questions),
      'bits a second',
      `8 x (${summedInWords(load, costs, 'bytes', ({ receivedBytes }) => receivedBytes)})`,
    ),
    sent: figure(
      'sent at the peak',
      8 * (sent.writes + sent.questions + copying),
      'bits a second',
      `8 x (${summedInWords(load, costs, 'bytes', ({ sentBytes }) => sentBytes)} + ` +
        `${shown(archived)}/s archived x ${shown(costs.stored.logBytes)} bytes x ` +
        `${archivedTimes}, because parts are merged before a segment is sealed; not compressed)`,
    ),
  };
};

/** The plan; `memoryBoundBytes` is what a server with the workload's cache takes at most. */
export const planFor = (
  workload: Workload,
  measured: Measurements,
  memoryBoundBytes: number,
): Plan => {
  const costs = costsOf(measured, workload);
  const load = peakOf(workload);
  return {
    processor: processor(load, costs),
    memory: memory(workload, costs, memoryBoundBytes),
    disk: diskOf(workload, load, costs),
    network: network(workload, load, costs),
    recovery: recoveryOf(workload, costs, measured),
  };
};
