/**
 * Verifies a backup or an archive where it lies: every file against its length and hash, all that
 * `verifyLog` checks, and the records against what the copy says of itself and has signed.
 */
import { basename } from 'node:path';
import {
  formatVkey,
  keyPairFromSeed,
  kindNumber,
  noteKeyOf,
  originOf,
  parseVkey,
  zeroStamp,
} from '@stemedb/model';
import { sodiumVerify } from '../ingest/sodium.js';
import type { ReadDisk } from '../io/disk.js';
import { segmentHeaderBytes } from '../log/format.js';
import { decodeIdentity, identityFileName } from '../log/identity.js';
import type { LogRecord } from '../log/log.js';
import { BytesFile } from './bytes_file.js';
import { checkSigned, differencesFrom } from './copy_facts.js';
import { type Finding, Findings } from './findings.js';
import { CopyDamagedError, type LogCopy } from './log_copy.js';
import { listSegments } from './segment_files.js';
import { type ClaimFinding, ClaimVerifier } from './verify_claims.js';
import { type LogEnd, verifyLog } from './verify_log.js';
import type { TreeEnd } from './verify_tree.js';

export type CopySeverity = ClaimFinding['severity'] | 'damage' | 'too_new';

export interface VerifyCopyInput {
  readonly copy: LogCopy;
  /** Signed notes that were saved before, by the name to report them under. */
  readonly checkpoints: ReadonlyMap<string, string>;
  readonly onFinding: (finding: Finding<CopySeverity>) => void;
  readonly onProgress: (doneBytes: number, place: string) => void;
}

export interface CopyReport {
  readonly log: LogEnd;
  readonly tree: TreeEnd;
  readonly findings: number;
  readonly worst: CopySeverity | undefined;
}

/** Rejects with what the copy's place rejects with; whatever is wrong with it is a finding. */
export const verifyCopy = async (input: VerifyCopyInput): Promise<CopyReport> => {
  const { copy, checkpoints } = input;
  const findings = new Findings(input.onFinding);
  const { report } = findings;
  for await (const { file, what } of copy.faultsBeside()) {
    report({ severity: 'damage', where: file, detail: what });
  }
  await checkIdentity(copy, report);
  const key = parseVkey(copy.facts.vkey);
  const claims = new ClaimVerifier({ key, own: [], notes: checkpoints, onFinding: report });
  const counts = { assertions: 0, newestStamp: zeroStamp as string };
  const { log, isWhole } = await walk(input, report, (record) => {
    claims.add(record);
    if (record.kind === kindNumber.assertion) counts.assertions += 1;
    if (record.stamp > counts.newestStamp) counts.newestStamp = record.stamp;
  });
  const tree = claims.end(isWhole);
  if (isWhole) compareFacts(copy, { ...counts, log, root: tree.root ?? '' }, report);
  return { log, tree, findings: findings.count, worst: findings.worst };
};

type Report = VerifyCopyInput['onFinding'];

const walk = async (
  { copy, onProgress }: VerifyCopyInput,
  report: Report,
  onRecord: (record: LogRecord) => void,
): Promise<{ readonly log: LogEnd; readonly isWhole: boolean }> => {
  let isWhole = true;
  const segments = await listSegments(copy.disk, copy.directory);
  const names = segments.map(({ name }) => name);
  const notRead = new Set<string>();
  const damaged = ({ file, what }: CopyDamagedError, path: string): void => {
    isWhole = false;
    notRead.add(basename(path));
    report({ severity: 'damage', where: file, detail: what });
  };
  for await (const event of verifyLog({
    disk: withoutDamage(copy.disk, damaged),
    directory: copy.directory,
    databaseId: copy.facts.databaseId,
    verifySignature: sodiumVerify,
    onRecord,
  })) {
    if (event.type === 'end') return { log: event, isWhole };
    if (event.type === 'progress') onProgress(event.bytes, `${event.records} records`);
    else {
      isWhole = false;
      if (followsFrom(names, notRead, event)) continue;
      // A copy ends with a whole frame: nothing at its end is merely torn.
      const severity = event.severity === 'torn_tail' ? 'damage' : event.severity;
      report({ severity, where: `${event.segment}:${event.byte}`, detail: event.detail });
    }
  }
  throw new Error('A verification always ends with its totals.');
};

/**
 * True of what only follows from a file that was not handed out, and is told with it: that nothing
 * stands in its place, and that the header of the next one chains to something else.
 */
const followsFrom = (
  names: readonly string[],
  notRead: ReadonlySet<string>,
  { segment, byte }: { readonly segment: string; readonly byte: number },
): boolean => {
  const before = names[names.indexOf(segment) - 1] ?? '';
  return notRead.has(segment) || (notRead.has(before) && byte < segmentHeaderBytes);
};

/** The disk of a copy, with an empty file in the place of one that is damaged, which is told. */
const withoutDamage = (
  disk: ReadDisk,
  onDamaged: (error: CopyDamagedError, path: string) => void,
): ReadDisk => ({
  list: (path) => disk.list(path),
  exists: (path) => disk.exists(path),
  open: async (path, purpose) => {
    try {
      return await disk.open(path, purpose);
    } catch (error) {
      if (!(error instanceof CopyDamagedError)) throw error;
      onDamaged(error, path);
      return new BytesFile(new Uint8Array());
    }
  },
});

const compareFacts = (
  copy: LogCopy,
  found: {
    readonly log: LogEnd;
    readonly root: string;
    readonly assertions: number;
    readonly newestStamp: string;
  },
  report: Report,
): void => {
  const { assertions, newestStamp, root, log } = found;
  const { records, databaseId = '', logId = '' } = log;
  const differences = differencesFrom(copy, {
    ...{ databaseId, logId, records, assertions, root, newestStamp },
  });
  for (const difference of differences) {
    report({ severity: 'damage', where: copy.facts.name, detail: difference });
  }
  const signed = checkSigned(copy);
  if (!signed.ok) report({ severity: 'altered', where: 'checkpoint', detail: signed.error.detail });
};

/** The identity of a copy must be that of the node whose log it is. */
const checkIdentity = async (copy: LogCopy, report: Report): Promise<void> => {
  const { databaseId, logId, nodeId, vkey } = copy.facts;
  const bytes = await copy.identity().catch((error: unknown) => {
    // Reported with the other files.
    if (error instanceof CopyDamagedError) return undefined;
    throw error;
  });
  if (bytes === undefined) return;
  const where = identityFileName;
  const decoded = decodeIdentity(bytes, where);
  if (!decoded.ok) return report({ severity: 'damage', where, detail: decoded.error.detail });
  const identity = decoded.value;
  const { agentId } = keyPairFromSeed(identity.nodeKeySeed);
  const own = formatVkey(noteKeyOf(originOf(identity.databaseId, identity.logId), agentId));
  const isSame =
    identity.databaseId === databaseId && identity.logId === logId && identity.nodeId === nodeId;
  if (isSame && own === vkey) return;
  report({ severity: 'damage', where, detail: 'it is of another node or log than the copy' });
};
