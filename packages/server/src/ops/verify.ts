/**
 * Verifies a whole database: the log against itself, the Merkle tree of its records against
 * checkpoints and the tree file, then the store against the log. The store is not looked at while
 * a server writes it, nor held against a log that is itself damaged.
 */
import { join } from 'node:path';
import { keyPairFromSeed, type NoteKey, noteKeyOf, originOf } from '@stemedb/model';
import { sodiumVerify } from '../ingest/sodium.js';
import type { Disk } from '../io/disk.js';
import { type Identity, identityFileName, readIdentity } from '../log/identity.js';
import { checkpointFileName, readCheckpointFile } from '../log/merkle/checkpoint_file.js';
import { noTreeFile, TreeFile, treeFileName } from '../log/merkle/tree_file.js';
import { renewalFileName } from '../log/renewal_file.js';
import { isRestoreCutOff, restoringFileName } from '../log/restoring_file.js';
import { type Finding, Findings, type Severity } from './findings.js';
import { ClaimVerifier } from './verify_claims.js';
import { type LogEnd, verifyLog } from './verify_log.js';
import type { StoreCheck, StoreEvent } from './verify_store.js';
import type { ClaimedCheckpoint, TreeEnd } from './verify_tree.js';

export interface VerifyInput {
  readonly disk: Disk;
  readonly walDir: string;
  readonly dbDir: string;
  /** True while a server has the directories. */
  readonly isLocked: boolean;
  /** Signed notes that were saved before, by the name to report them under. */
  readonly checkpoints: ReadonlyMap<string, string>;
  readonly checkStore: (onEvent: (event: StoreEvent) => void) => Promise<StoreCheck>;
  readonly onFinding: (finding: Finding) => void;
  /** `done` grows through all phases; `place` says where it is. */
  readonly onProgress: (done: number, place: string) => void;
}

export interface VerifyReport {
  readonly log: LogEnd;
  readonly tree: TreeEnd;
  readonly store: StoreCheck;
  readonly findings: number;
  readonly worst: Severity | undefined;
}

/** Rejects with errors of the disk; whatever is wrong with the data is a finding. */
export const verifyDatabase = async (input: VerifyInput): Promise<VerifyReport> => {
  const findings = new Findings(input.onFinding);
  const { report } = findings;
  const identity = await identityOf(input, report);
  const own = await keptCheckpoint(input, identity, report);
  const file = await treeFileOf(input, identity, report);
  const key = identity === undefined ? undefined : keyOf(identity);
  const tree = new ClaimVerifier({ key, own, notes: input.checkpoints, file, onFinding: report });
  try {
    const { log, isLogWhole } = await checkLog(input, identity, tree, report);
    const treeEnd = tree.end(isLogWhole);
    const store = await checkStore(input, isLogWhole, report);
    return { log, tree: treeEnd, store, findings: findings.count, worst: findings.worst };
  } finally {
    await file?.close();
  }
};

type ReportFinding = VerifyInput['onFinding'];

const identityOf = async (
  { disk, walDir }: VerifyInput,
  report: ReportFinding,
): Promise<Identity | undefined> => {
  if (await isRestoreCutOff(disk, walDir)) {
    const detail = 'a restore was cut off; run it again, it starts over';
    report({ severity: 'damage', where: restoringFileName, detail });
    return undefined;
  }
  if (await disk.exists(join(walDir, renewalFileName))) {
    const detail =
      'a change of identity was cut off; "stemedb identity renew" brings it to its end';
    report({ severity: 'damage', where: renewalFileName, detail });
    return undefined;
  }
  const identity = await readIdentity(disk, walDir);
  if (identity.ok && identity.value !== undefined) return identity.value;
  const detail = identity.ok
    ? 'there is none: no server starts on this log; put it back, or restore a backup'
    : identity.error.detail;
  report({ severity: 'damage', where: identityFileName, detail });
  return undefined;
};

/** The checkpoint that the node gave out last. */
const keptCheckpoint = async (
  { disk, walDir }: VerifyInput,
  identity: Identity | undefined,
  report: ReportFinding,
): Promise<readonly ClaimedCheckpoint[]> => {
  if (identity === undefined) return [];
  const kept = await readCheckpointFile(disk, walDir, identity, sodiumVerify);
  if (kept.ok) {
    if (kept.value === undefined) return [];
    return [{ where: checkpointFileName, checkpoint: kept.value.checkpoint }];
  }
  report({ severity: 'damage', where: checkpointFileName, detail: kept.error.detail });
  return [];
};

const keyOf = ({ databaseId, logId, nodeKeySeed }: Identity): NoteKey =>
  noteKeyOf(originOf(databaseId, logId), keyPairFromSeed(nodeKeySeed).agentId);

/** Beside a running server the file may be in the middle of a write. */
const treeFileOf = async (
  { disk, dbDir, isLocked }: VerifyInput,
  identity: Identity | undefined,
  report: ReportFinding,
): Promise<TreeFile | undefined> => {
  if (identity === undefined || isLocked) return undefined;
  const { databaseId, logId } = identity;
  const file = await TreeFile.open({ disk, directory: dbDir, databaseId, logId }, 'read');
  const isSound = typeof file === 'string' ? file === noTreeFile : file.tornBytes === 0;
  if (!isSound) {
    const what = typeof file === 'string' ? file : `its last ${file.tornBytes} bytes are damaged`;
    const detail = `${what}; the next start makes good what is missing`;
    report({ severity: 'store', where: treeFileName, detail });
  }
  return typeof file === 'string' ? undefined : file;
};

const checkLog = async (
  input: VerifyInput,
  identity: Identity | undefined,
  tree: ClaimVerifier,
  report: ReportFinding,
): Promise<{ readonly log: LogEnd; readonly isLogWhole: boolean }> => {
  const { disk, walDir, isLocked, onProgress } = input;
  let isLogWhole = identity !== undefined;
  for await (const event of verifyLog({
    disk,
    directory: walDir,
    databaseId: identity?.databaseId,
    verifySignature: sodiumVerify,
    onRecord: (record) => tree.add(record),
  })) {
    if (event.type === 'end') return { log: event, isLogWhole };
    if (event.type === 'progress') onProgress(event.records, `${event.records} records of the log`);
    // Beside a running server the end of the file is a write that has only just begun.
    else if (!(isLocked && event.severity === 'torn_tail')) {
      const { severity, segment, byte, detail } = event;
      if (severity !== 'torn_tail') isLogWhole = false;
      report({ severity, where: `${segment}:${byte}`, detail });
    }
  }
  throw new Error('A verification always ends with its totals.');
};

const checkStore = async (
  { isLocked, checkStore: check, onProgress }: VerifyInput,
  isLogWhole: boolean,
  report: ReportFinding,
): Promise<StoreCheck> => {
  if (isLocked) return 'because a server is using it';
  if (!isLogWhole) return 'because the log cannot be trusted';
  return check((event) => {
    if (event.type === 'progress')
      onProgress(event.done, `${event.done} ${event.phase} of the store`);
    else report({ severity: 'store', where: `store, ${event.table}`, detail: event.detail });
  });
};
