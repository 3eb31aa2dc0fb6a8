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
  readonly isEncrypted: boolean;
  readonly writtenAt: string;
  readonly ageSeconds: number;
  /** Of the log in the own directory. */
  readonly isOwn: boolean;
}

/** The log in the own directory, when there is one. */
interface OwnLog {
  readonly logId: string;
  readonly position: number;
}

export const showArchiveStatus = async (
  session: Session,
  store: ObjectStore,
): Promise<ExitName> => {
  const { report, io } = session;
  const archives = unwrap(await storeErrors(async () => ok(await readArchives(store))));
  const own = await ownLog(session);
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

const ownLog = async ({ io, directories }: Session): Promise<OwnLog | undefined> => {
  const { walDir: directory } = directories;
  if (!(await io.disk.exists(`${directory}/identity`))) return undefined;
  const identity = unwrap(await readIdentity(io.disk, directory));
  const sleep = (delayMs: number): Promise<void> => io.sleep(delayMs);
  const end = unwrap(await durableEnd({ disk: io.disk, directory, sleep }));
  return identity && { logId: identity.logId, position: end.lastSequence };
};

const statusOf = (
  head: ArchiveHead,
  own: OwnLog | undefined,
  nowMs: number,
): ArchivedLogStatus => ({
  databaseId: head.databaseId,
  logId: head.logId,
  position: head.tree.size,
  assertions: head.assertions,
  segments: head.sealed.count,
  parts: head.open.parts.length,
  storedBytes:
    head.sealed.storedBytes + head.open.parts.reduce((sum, part) => sum + part.storedBytes, 0),
  isEncrypted: head.identity !== null,
  writtenAt: formatTime(head.writtenAtMs),
  ageSeconds: Math.max(0, Math.round((nowMs - head.writtenAtMs) / 1000)),
  isOwn: head.logId === own?.logId,
});

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
  }
};

const rowOf = (log: ArchivedLogStatus): Row => [
  log.isOwn ? `${log.logId} (here)` : log.logId,
  String(log.position),
  String(log.segments),
  String(log.parts),
  String(log.storedBytes),
  log.isEncrypted ? 'yes' : 'no',
  log.writtenAt,
  `${log.ageSeconds} s`,
];
