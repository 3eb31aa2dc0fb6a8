/** What a verification of a log found, collected from its events. */
import { sodiumVerify } from '../../src/ingest/sodium.js';
import type { Disk } from '../../src/io/disk.js';
import {
  type LogEnd,
  type LogFinding,
  type VerifyLogInput,
  verifyLog,
} from '../../src/ops/verify_log.js';

export interface Verified {
  readonly findings: readonly LogFinding[];
  /** The findings that a start would not just cut away. */
  readonly damage: readonly LogFinding[];
  readonly end: LogEnd;
}

export async function verified(
  disk: Disk,
  options: Pick<VerifyLogInput, 'directory' | 'databaseId'>,
): Promise<Verified> {
  const { directory, databaseId } = options;
  const findings: LogFinding[] = [];
  for await (const event of verifyLog({
    disk,
    directory,
    databaseId,
    verifySignature: sodiumVerify,
  })) {
    if (event.type === 'finding') findings.push(event);
    if (event.type !== 'end') continue;
    const damage = findings.filter(({ severity }) => severity === 'damage');
    return { findings, damage, end: event };
  }
  throw new Error('A verification always ends with its totals.');
}
