/** What one claim and one question cost a node, read off the lines through what was measured. */
import { growthOver, type Line, lineThrough } from './lines.js';
import type { AnswerKind, BulkPoint, Measurements, SinglePoint } from './measurements.js';

/** Of one claim or one question, in microseconds and bytes. */
export interface Cost {
  /** Processor time of all threads. */
  readonly microseconds: number;
  /** Of it, that of the one thread that does nearly everything: what a node runs out of first. */
  readonly mainThreadMicroseconds: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

interface WriteCost extends Cost {
  /** What the process has the disk write. */
  readonly writtenBytes: number;
  readonly syncs: number;
}

export interface Costs {
  /** Of one claim: bytes in the log and in the store, seconds to copy and to bring back. */
  readonly stored: {
    readonly logBytes: number;
    readonly storeBytes: number;
    readonly rebuildSeconds: number;
    readonly backupSeconds: number;
    readonly restoreSeconds: number;
  };
  readonly single: WriteCost;
  readonly streamed: WriteCost;
  readonly questions: { readonly [kind in AnswerKind]: Cost };
  /** How much dearer writes and questions are among so many claims. */
  readonly writeGrowth: number;
  readonly questionGrowth: number;
  /** Private memory beside the cache, in bytes. */
  readonly memoryBytes: number;
}

interface Asked {
  readonly assertions: number;
  readonly claimBytes: number;
  /** Claims with a signature, from 0 to 1. */
  readonly signedShare: number;
  readonly candidates: number;
}

interface Kind {
  readonly claimBytes: number;
  readonly signed: boolean;
}

const mebibyte = 1024 * 1024;

/**
 * The line through the unsigned points, and what a signature adds, which was measured at one size.
 */
const writing = <P extends Kind>(points: readonly P[], { claimBytes, signedShare }: Asked) => {
  const unsigned = points.filter(({ signed }) => !signed);
  const signed = points.filter((point) => point.signed);
  return (read: (point: P) => number): number => {
    const line = lineThrough(unsigned.map((point) => ({ x: point.claimBytes, y: read(point) })));
    const added = signed.map((point) => read(point) - line(point.claimBytes));
    return line(claimBytes) + signedShare * Math.max(0, ...added);
  };
};

/** A line of NDJSON is the claim's JSON; only refusals and counts come back. */
const lineAnswerBytes = 1;

const memoryOf = ({ sizes, bulk }: Measurements, assertions: number): number => {
  const empty = Math.max(...bulk.map(({ memoryEmptyMib }) => memoryEmptyMib));
  const perClaim: Line = lineThrough(
    sizes.map(({ claims, memoryMib }) => ({
      x: claims,
      y: memoryMib,
    })),
  );
  return Math.max(empty, perClaim(assertions)) * mebibyte;
};

/** The costs of a workload's claims and questions. */
export const costsOf = (measured: Measurements, asked: Asked): Costs => {
  const bulk = writing<BulkPoint>(measured.bulk, asked);
  const single = writing<SinglePoint>(measured.single, asked);
  const question = (kind: AnswerKind): Cost => {
    const points = measured.questions.filter((point) => point.kind === kind);
    const at = (read: (point: (typeof points)[number]) => number): number =>
      lineThrough(points.map((point) => ({ x: point.candidates, y: read(point) })))(
        asked.candidates,
      );
    return {
      microseconds: at((point) => point.microseconds),
      mainThreadMicroseconds: at((point) => point.mainThreadMicroseconds),
      receivedBytes: at((point) => point.requestBytes),
      sentBytes: at((point) => point.answerBytes),
    };
  };
  const growth = (read: (point: Measurements['sizes'][number]) => number): number =>
    growthOver(measured.sizes.map((point) => ({ x: point.claims, y: read(point) })))(
      asked.assertions,
    );
  const requestBytes = single((point) => point.requestBytes);
  return {
    stored: {
      logBytes: bulk((point) => point.logBytes),
      storeBytes: bulk((point) => point.storeBytes),
      rebuildSeconds: bulk((point) => point.rebuildSeconds / point.claims),
      backupSeconds: bulk((point) => point.backupSeconds / point.claims),
      restoreSeconds: bulk((point) => point.restoreSeconds / point.claims),
    },
    single: {
      microseconds: single((point) => point.microseconds),
      mainThreadMicroseconds: single((point) => point.mainThreadMicroseconds),
      receivedBytes: requestBytes,
      sentBytes: single((point) => point.answerBytes),
      writtenBytes: single((point) => point.writtenBytes),
      syncs: Math.min(
        1,
        single((point) => point.syncs),
      ),
    },
    // A line has less to do than a request; beyond the sizes measured the two lines may cross.
    streamed: {
      microseconds: Math.min(
        bulk((point) => point.microseconds),
        single((point) => point.microseconds),
      ),
      mainThreadMicroseconds: Math.min(
        bulk((point) => point.mainThreadMicroseconds),
        single((point) => point.mainThreadMicroseconds),
      ),
      receivedBytes: requestBytes,
      sentBytes: lineAnswerBytes,
      writtenBytes: bulk((point) => point.writtenBytes),
      syncs: 0,
    },
    questions: { kept: question('kept'), new: question('new'), read: question('read') },
    writeGrowth: growth((point) => 1 / point.loadedPerSecond),
    questionGrowth: growth((point) => 1 / point.questionsPerSecond),
    memoryBytes: memoryOf(measured, asked.assertions),
  };
};
