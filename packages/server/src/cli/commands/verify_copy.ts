/** `stemedb verify COPY`: a backup or an archive, checked where it lies. */
import { ok } from '@stemedb/model';
import type { LogCopy } from '../../ops/log_copy.js';
import type { OperationName } from '../../ops/operations_file.js';
import { storeErrors } from '../../ops/store_errors.js';
import { type CopyReport, type CopySeverity, verifyCopy } from '../../ops/verify_copy.js';
import { counted } from '../cells.js';
import { noteOnCopy } from '../copy_note.js';
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
  operations?: readonly OperationName[],
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
    // A verification of somebody else's directory has succeeded all the same.
    for (const operation of operations ?? operationsOn(copy)) {
      await noteOnCopy(session, operation, copy.facts).catch(() => undefined);
    }
    return 'ok';
  } finally {
    progress.stop();
  }
};

/** A copy that is sound has the records of the log, so the log was verified with it. */
const operationsOn = ({ facts }: LogCopy): readonly OperationName[] =>
  facts.what === 'archive' ? ['verify', 'archive_verify'] : ['verify'];

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
