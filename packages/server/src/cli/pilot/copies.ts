/**
 * The steps of a pilot check on copies: a backup beside the running server, verified, restored in a
 * scratch directory, and the restored log held against the ledger. Each step is the command that an
 * operator types, in a process of its own.
 */
import { type JsonObject, parseJson } from '@stemedb/model';
import type { PilotClaims } from '../../ops/pilot/claims.js';
import { type Criterion, judged, skipped } from '../../ops/pilot/criterion.js';
import { type Held, heldByLog } from '../../ops/pilot/held.js';
import type { Ledger } from '../../ops/pilot/ledger.js';
import { openReadOnlyLog } from '../../ops/read_only_log.js';
import { counted } from '../cells.js';
import type { CliIo } from '../cli_io.js';
import { type Session, unwrap } from '../session.js';

export const copyNames = {
  backup: 'backup taken beside the server',
  verify: 'backup verified',
  restore: 'backup restored',
  held: 'no acknowledged claim missing in the restored log',
} as const;

const wanted: { readonly [step in keyof typeof copyNames]: string } = {
  backup: 'a backup that has every acknowledged claim',
  verify: 'every byte of it',
  restore: 'into an empty directory, compared with the copy',
  held: 'every acknowledged claim stands in the restored log',
};

interface CopyWork {
  readonly scratch: string;
  readonly claims: PilotClaims;
  readonly ledger: Ledger;
}

/** How many claims of the ledger were found, in a sentence. */
export const inWords = ({ looked, missing, firstMissing }: Held): string =>
  missing === 0
    ? `${counted(looked, 'claim')}, all there`
    : `${missing} of ${looked} claims are missing, the first is number ${firstMissing}`;

interface Step {
  readonly isMet: boolean;
  readonly measured: string;
}

/** A step that throws has failed; what the others found is still told. */
export const orFailed = async (act: () => Promise<Step>): Promise<Step> => {
  try {
    return await act();
  } catch (error) {
    return { isMet: false, measured: error instanceof Error ? error.message : String(error) };
  }
};

/** Runs this program with `--json`; the last line that it printed is its result. */
export const runForResult = async (
  io: CliIo,
  words: readonly string[],
): Promise<{ readonly exit: number | null; readonly result: JsonObject }> => {
  if (io.runApart === undefined) throw new Error('Here no other process can be started.');
  let last = '';
  const { exit } = await io.runApart([...words, '--json'], (line) => {
    last = line;
  });
  const parsed = parseJson(last);
  const isObject = parsed.ok && typeof parsed.value === 'object' && parsed.value !== null;
  return { exit, result: isObject ? (parsed.value as JsonObject) : {} };
};

export const skippedCopies = (why: string): readonly Criterion[] =>
  Object.entries(copyNames).map(([step, name]) =>
    skipped(name, wanted[step as keyof typeof copyNames], why),
  );

const number = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);

const ended = (exit: number | null): string => `it ended with ${exit ?? 'a signal'}`;

/** The criteria of all four steps; what rests on a failed one is skipped. */
export const copyAndRestore = async (
  session: Session,
  work: CopyWork,
): Promise<readonly Criterion[]> => {
  const { io, directories } = session;
  const { walDir, dbDir } = directories;
  const [place, target] = [`${work.scratch}/backup`, `${work.scratch}/restored`];
  const criteria: Criterion[] = [];
  const step = async (name: keyof typeof copyNames, act: () => Promise<Step>): Promise<void> => {
    if (criteria.some(({ verdict }) => verdict !== 'pass')) {
      criteria.push(skipped(copyNames[name], wanted[name], 'the step before it failed'));
      return;
    }
    const { isMet, measured } = await orFailed(act);
    criteria.push(judged(copyNames[name], wanted[name], measured, isMet));
  };
  await step('backup', async () => {
    const words = ['backup', '--to', place, '--wal-dir', walDir, '--db-dir', dbDir];
    const { exit, result } = await runForResult(io, words);
    if (exit !== 0) return { isMet: false, measured: ended(exit) };
    const [records, seconds] = [number(result.records), number(result.seconds)];
    const megabytes = number(result.copied_bytes) / 1e6;
    const measured = `${records} records, ${megabytes.toFixed(1)} MB in ${seconds.toFixed(2)} s`;
    return { isMet: records >= work.ledger.count, measured };
  });
  await step('verify', async () => {
    const words = ['verify', place, '--wal-dir', walDir, '--db-dir', dbDir];
    const { exit, result } = await runForResult(io, words);
    const findings = number(result.findings);
    const measured = exit === 0 ? counted(findings, 'finding') : ended(exit);
    return { isMet: exit === 0 && findings === 0, measured };
  });
  await step('restore', async () => {
    const begun = io.clock.monotonicMs();
    const { exit, result } = await runForResult(io, ['restore', place, '--data', target]);
    if (exit !== 0) return { isMet: false, measured: ended(exit) };
    const seconds = (io.clock.monotonicMs() - begun) / 1000;
    const records = number(result.records);
    const measured = `${records} records and their store in ${seconds.toFixed(2)} s`;
    return { isMet: records >= work.ledger.count, measured };
  });
  await step('held', async () => {
    const log = unwrap(await openReadOnlyLog(io.disk, `${target}/wal`));
    const held = await heldByLog(log, work.claims, work.ledger);
    return { isMet: held.missing === 0, measured: inWords(held) };
  });
  return criteria;
};
