/** `stemedb archive --status`: which logs a place holds, and how far behind the own one it is. */
import { formatTime, ok } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { readIdentity } from '../../log/identity.js';
import { readArchives } from '../../ops/archive/archive_copy.js';
import type { ArchiveHead } from '../../ops/archive/head.js';
import { durableEnd } from '../../ops/durable_end.js';
import { storeErrors } from '../../ops/store_errors.js';
import type { ExitName } from '../exit_codes.js';
import type { Row } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { inSnakeCase } from '../snake_case.js';

interface ArchivedLogStatus {
  readonly databaseId: string;
  readonly logId: string;
  readonly position: number;
  readonly assertions: number;
  readonly segments: number;
  readonly parts: number;
  readonly storedBytes: number;
  /** All that is in segments and parts. */
  readonly isEncrypted: boolean;
  /** Segments and parts that are encrypted; fewer than all where a recipient was named later. */
  readonly encryptedObjects: number;
  readonly writtenAt: string;
  readonly ageSeconds: number;
  /** Of the log in the own directory. */
  readonly isOwn: boolean;
}

/** The log in the own directory, when there is one. */
interface OwnLog {
  readonly logId: string;
  readonly position: number;
  /** Records behind that which nothing shows to be durable yet. */
  readonly unproven: number;
}

export const showArchiveStatus = async (
  session: Session,
  store: ObjectStore,
): Promise<ExitName> => {
  const { report, io } = session;
  const archives = unwrap(await storeErrors(async () => ok(await readArchives(store))));
  const own = await ownLog(session, archives);
  const nowMs = io.clock.wallMs();
  const logs: ArchivedLogStatus[] = [];
  const damaged: string[] = [];
  for (const { head } of archives) {
    if (head.ok) logs.push(statusOf(head.value, own, nowMs));
    else damaged.push(head.error.detail);
  }
  const archived = logs.find(({ isOwn }) => isOwn)?.position;
  const lag = own === undefined || archived === undefined ? null : own.position - archived;
  if (report.options.json) {
    const told = { place: store.place, logs, damaged, own: own ?? null, lag };
    await report.json(inSnakeCase(told));
  } else await show(session, store, { logs, own, lag });
  for (const detail of damaged) await report.warn(detail);
  if (damaged.length > 0) return 'data';
  return own !== undefined && archived === undefined ? 'failed' : 'ok';
};

const ownLog = async (
  { io, directories }: Session,
  archives: Awaited<ReturnType<typeof readArchives>>,
): Promise<OwnLog | undefined> => {
  const { walDir: directory } = directories;
  if (!(await io.disk.exists(`${directory}/identity`))) return undefined;
  const identity = unwrap(await readIdentity(io.disk, directory));
  const sleep = (delayMs: number): Promise<void> => io.sleep(delayMs);
  // Only what was durable is archived.
  const archived = archives.find(({ found }) => found.logId === identity?.logId)?.head;
  const provenSequence = archived?.ok === true ? archived.value.tree.size : 0;
  const asked = { disk: io.disk, directory, sleep, provenSequence, isReadOnly: true };
  const end = unwrap(await durableEnd(asked));
  return identity && { logId: identity.logId, position: end.lastSequence, unproven: end.unproven };
};

const statusOf = (head: ArchiveHead, own: OwnLog | undefined, nowMs: number): ArchivedLogStatus => {
  const { sealed, open } = head;
  const parts = open.parts.filter(({ isEncrypted }) => isEncrypted).length;
  const encryptedObjects = sealed.encrypted + parts;
  return {
    databaseId: head.databaseId,
    logId: head.logId,
    position: head.tree.size,
    assertions: head.assertions,
    segments: sealed.count,
    parts: open.parts.length,
    storedBytes: sealed.storedBytes + open.parts.reduce((sum, part) => sum + part.storedBytes, 0),
    encryptedObjects,
    isEncrypted: encryptedObjects > 0 && encryptedObjects === sealed.count + open.parts.length,
    writtenAt: formatTime(head.writtenAtMs),
    ageSeconds: Math.max(0, Math.round((nowMs - head.writtenAtMs) / 1000)),
    isOwn: head.logId === own?.logId,
  };
};

const show = async (
  { report, directories }: Session,
  store: ObjectStore,
  found: {
    readonly logs: readonly ArchivedLogStatus[];
    readonly own: OwnLog | undefined;
    readonly lag: number | null;
  },
): Promise<void> => {
  const { logs, own, lag } = found;
  if (logs.length === 0) await report.line(`There is no archive at ${store.place}.`);
  else {
    const head = ['log', 'records', 'segments', 'parts', 'bytes', 'encrypted', 'last put', 'age'];
    await report.table(head, logs.map(rowOf));
  }
  if (own === undefined) return;
  if (lag === null) await report.line(`The log in ${directories.walDir} is not archived there.`);
  else {
    const behind = lag === 0 ? 'all of them archived' : `${lag} not archived yet`;
    await report.line(`The log in ${directories.walDir} has ${own.position} records, ${behind}.`);
    if (own.unproven === 0) return;
    await report.line(
      `Of ${own.unproven} more nothing shows that they are durable; a pass or a start sees to it.`,
    );
  }
};

const rowOf = (log: ArchivedLogStatus): Row => [
  log.isOwn ? `${log.logId} (here)` : log.logId,
  String(log.position),
  String(log.segments),
  String(log.parts),
  String(log.storedBytes),
  encryptedOf(log),
  log.writtenAt,
  `${log.ageSeconds} s`,
];

const encryptedOf = ({
  isEncrypted,
  encryptedObjects,
  segments,
  parts,
}: ArchivedLogStatus): string => {
  if (isEncrypted) return 'yes';
  return encryptedObjects === 0 ? 'no' : `${encryptedObjects} of ${segments + parts}`;
};
