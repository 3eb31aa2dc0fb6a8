/** `stemedb verify COPY`: a backup or an archive, checked where it lies. */
import { ok } from '@stemedb/model';
import { readIdentity } from '../../log/identity.js';
import type { LogCopy } from '../../ops/log_copy.js';
import { noteOperation } from '../../ops/operations_file.js';
import { storeErrors } from '../../ops/store_errors.js';
import { type CopyReport, type CopySeverity, verifyCopy } from '../../ops/verify_copy.js';
import { counted } from '../cells.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { type CopyOptions, openCopy } from '../places.js';
import { startProgress } from '../progress.js';
import { type Session, unwrap } from '../session.js';
import { inSnakeCase } from '../snake_case.js';

const exitOf: { readonly [severity in CopySeverity]: ExitName } = {
  too_new: 'format',
  altered: 'altered',
  damage: 'data',
  checkpoint_invalid: 'data',
  store: 'data',
};

export const verifyCopyAt = async (
  session: Session,
  place: string,
  options: CopyOptions,
  checkpoints: ReadonlyMap<string, string>,
): Promise<ExitName> => {
  const { io, report } = session;
  const copy = await openCopy(session, place, options);
  const findings: object[] = [];
  const progress = startProgress(io, report.options, { title: 'verify', total: copy.bytes });
  try {
    const verified = await storeErrors(async () =>
      ok(
        await verifyCopy({
          copy,
          checkpoints,
          onFinding: (finding) => {
            if (report.options.json) findings.push(finding);
            else
              void report.line(
                `${escapeText(finding.where)}: ${finding.severity}: ${escapeText(finding.detail)}`,
              );
          },
          onProgress: (done, where) => progress.update(done, where),
        }),
      ),
    );
    const result = unwrap(verified);
    progress.stop();
    if (report.options.json) {
      await report.json(inSnakeCase({ copy: copy.facts, ...result, list: findings }));
    } else await show(session, copy, result);
    if (result.worst !== undefined) return exitOf[result.worst];
    await note(session, copy);
    return 'ok';
  } finally {
    progress.stop();
  }
};

const show = async (
  { report }: Session,
  { facts }: LogCopy,
  { log, tree, findings }: CopyReport,
): Promise<void> => {
  await report.line(`${facts.what} ${escapeText(facts.name)}`);
  await report.line(
    `log: ${counted(log.segments, 'segment')}, ${counted(log.bytes, 'byte')}, ` +
      `${counted(log.records, 'record')}, ${counted(log.attestations, 'signature')}`,
  );
  const root = tree.root ?? 'not known, because the log cannot be trusted';
  await report.line(`tree: ${counted(tree.size, 'record')}, root ${root}`);
  if (findings === 0) await report.line(report.paint('green', 'No damage found.'));
  else await report.line(report.paint('red', `${counted(findings, 'finding')}.`));
};

/** For the metrics of the server whose database it is, when that is on this machine. */
const note = async ({ io, directories }: Session, { facts }: LogCopy): Promise<void> => {
  const { walDir } = directories;
  const identity = await readIdentity(io.disk, walDir).catch(() => undefined);
  if (identity?.ok !== true || identity.value?.databaseId !== facts.databaseId) return;
  const what = { finishedAtMs: io.clock.wallMs(), position: facts.records, name: facts.name };
  // A verification of somebody else's directory has succeeded all the same.
  await noteOperation(io.disk, walDir, 'verify', what).catch(() => undefined);
};
