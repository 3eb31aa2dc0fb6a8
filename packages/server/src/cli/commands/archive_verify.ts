/**
 * `stemedb archive --verify`: the archive of the own log, for a timer. Everything that `verify`
 * checks, and where it is encrypted and this machine has no secret key, its objects.
 */
import { readIdentity } from '../../log/identity.js';
import { ArchiveLockedError } from '../../ops/archive/stored_object.js';
import { verifyObjects } from '../../ops/archive/verify_objects.js';
import { counted } from '../cells.js';
import { noteOnCopy } from '../copy_note.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { openPlace } from '../places.js';
import { startProgress } from '../progress.js';
import { CommandError } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { inSnakeCase } from '../snake_case.js';
import { verifyCopyAt } from './verify_copy.js';

export const verifyOwnArchive = async (session: Session, place: string): Promise<ExitName> => {
  const log = await ownLogId(session);
  try {
    return await verifyCopyAt(session, place, { log }, new Map(), ['archive_verify']);
  } catch (error) {
    const cause = error instanceof CommandError ? error.error.cause : error;
    if (!(cause instanceof ArchiveLockedError) || cause.cause !== undefined) throw error;
    return verifyLocked(session, place, log);
  }
};

const ownLogId = async ({ io, directories }: Session): Promise<string> => {
  const { walDir } = directories;
  const identity = unwrap(await readIdentity(io.disk, walDir));
  if (identity !== undefined) return identity.logId;
  const detail = `There is no log in ${walDir}; name another archive to "stemedb verify".`;
  throw new CommandError({ code: 'not_found', detail });
};

const verifyLocked = async (session: Session, place: string, logId: string): Promise<ExitName> => {
  const { io, report } = session;
  const list: object[] = [];
  const progress = startProgress(io, report.options, { title: 'verify', total: 100 });
  try {
    const verified = unwrap(
      await verifyObjects({
        ...{ store: openPlace(session, place), logId },
        onFault: ({ file, what }) => {
          if (report.options.json) list.push({ severity: 'damage', where: file, detail: what });
          else void report.line(`${escapeText(file)}: damage: ${escapeText(what)}`);
        },
        onProgress: (done, total) => progress.update((100 * done) / total, `${done} bytes`),
      }),
    );
    progress.stop();
    const { facts, objects, bytes, faults } = verified;
    const worst = faults === 0 ? undefined : 'damage';
    if (report.options.json) {
      const told = { copy: facts, objects, bytes, findings: faults, worst, list };
      await report.json(inSnakeCase(told));
    } else {
      await report.line(`archive ${escapeText(facts.name)}`);
      const held = `${counted(objects, 'object')}, ${counted(bytes, 'byte')}`;
      await report.line(`${held}, held against their hashes; what is in them is encrypted`);
      if (faults === 0) await report.line(report.paint('green', 'No damage found.'));
      else await report.line(report.paint('red', `${counted(faults, 'finding')}.`));
    }
    if (faults > 0) return 'data';
    await noteOnCopy(session, 'archive_verify', facts).catch(() => undefined);
    return 'ok';
  } finally {
    progress.stop();
  }
};
