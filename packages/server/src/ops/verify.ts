/**
 * Verifies a whole database: the log against itself, then the store against the log. The store is
 * not looked at while a server writes it, nor held against a log that is itself damaged.
 */

import { sodiumVerify } from '../ingest/sodium.js';
import type { Disk } from '../io/disk.js';
import { readIdentity } from '../log/identity.js';
import type { Engine } from '../store/engine.js';
import { type VerifyEnd, verifyStore } from '../store/verify.js';
import { isEmptyDirectory } from './data_directory.js';
import { openReadOnlyLog } from './read_only_log.js';
import { type LogEnd, type LogFinding, verifyLog } from './verify_log.js';

export type Severity = LogFinding['severity'] | 'store';

export interface Finding {
  readonly severity: Severity;
  /** Segment and byte, or the table of the store. */
  readonly where: string;
  readonly detail: string;
}

export interface VerifyInput {
  readonly disk: Disk;
  readonly walDir: string;
  readonly dbDir: string;
  /** True while a server has the directories. */
  readonly isLocked: boolean;
  readonly engine: {
    open(directory: string): Engine;
    /** Why files that are there must not be opened: a damaged one could end the process. */
    fault?(directory: string): Promise<string | undefined>;
  };
  readonly onFinding: (finding: Finding) => void;
  /** `done` grows through all phases; `place` says where it is. */
  readonly onProgress: (done: number, place: string) => void;
}

export interface VerifyReport {
  readonly log: LogEnd;
  /** What was compared, or why nothing was. */
  readonly store: VerifyEnd | string;
  readonly findings: number;
  readonly worst: Severity | undefined;
}

/** The worst first. */
const severities: readonly Severity[] = ['too_new', 'damage', 'store', 'torn_tail'];

/** Rejects with errors of the disk; whatever is wrong with the data is a finding. */
export const verifyDatabase = async (input: VerifyInput): Promise<VerifyReport> => {
  const seen = new Set<Severity>();
  let findings = 0;
  const report = (finding: Finding): void => {
    findings += 1;
    seen.add(finding.severity);
    input.onFinding(finding);
  };
  const log = await checkLog(input, report);
  const store = await checkStore(input, seen, report);
  const worst = severities.find((severity) => seen.has(severity));
  return { log, store, findings, worst };
};

const checkLog = async (
  input: VerifyInput,
  report: (finding: Finding) => void,
): Promise<LogEnd> => {
  const { disk, walDir, isLocked, onProgress } = input;
  const identity = await readIdentity(disk, walDir);
  if (!identity.ok) {
    report({ severity: 'damage', where: 'identity', detail: identity.error.detail });
  }
  for await (const event of verifyLog({
    disk,
    directory: walDir,
    databaseId: identity.ok ? identity.value?.databaseId : undefined,
    verifySignature: sodiumVerify,
  })) {
    if (event.type === 'end') return event;
    if (event.type === 'progress') onProgress(event.records, `${event.records} records of the log`);
    // Beside a running server the end of the file is a write that has only just begun.
    else if (!(isLocked && event.severity === 'torn_tail')) {
      const { severity, segment, byte, detail } = event;
      report({ severity, where: `${segment}:${byte}`, detail });
    }
  }
  throw new Error('A verification always ends with its totals.');
};

const checkStore = async (
  input: VerifyInput,
  seen: ReadonlySet<Severity>,
  report: (finding: Finding) => void,
): Promise<VerifyEnd | string> => {
  if (input.isLocked) return 'because a server is using it';
  if (seen.has('damage') || seen.has('too_new')) return 'because the log cannot be trusted';
  const log = await openReadOnlyLog(input.disk, input.walDir);
  if (!log.ok) return 'because there is no log to hold it against';
  if (await isEmptyDirectory(input.disk, input.dbDir)) {
    return 'because there is none; the next start makes it';
  }
  const fault = await input.engine.fault?.(input.dbDir);
  if (fault !== undefined) {
    report({ severity: 'store', where: 'store, file', detail: fault });
    return 'because its file cannot be opened; run `stemedb rebuild`';
  }
  const engine = input.engine.open(input.dbDir);
  try {
    for await (const event of verifyStore(engine, log.value)) {
      if (event.type === 'end') return event;
      if (event.type === 'finding') {
        report({ severity: 'store', where: `store, ${event.table}`, detail: event.detail });
      } else {
        input.onProgress(event.done, `${event.done} ${event.phase} of the store`);
      }
    }
  } finally {
    await engine.close();
  }
  throw new Error('A verification always ends with its totals.');
};
