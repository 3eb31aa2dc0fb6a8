/** `stemedb impact` and `retract-source`: what rests on a source, and taking it back. */
import type { ImpactAnswer, StemeClient } from '@stemedb/client';
import { counted } from '../cells.js';
import { given, type Register, recordId } from '../command.js';
import { startProgress } from '../progress.js';
import { type PageChoice, pageMax, pageOf, withPage } from '../reading.js';
import { UsageError } from '../report.js';
import type { Session } from '../session.js';
import { restsOn, showImpact } from '../show_impact.js';
import { authorship, type RealmOptions, showWritten, withRealm } from '../write.js';

interface ImpactOptions extends PageChoice {
  readonly lens?: string;
}

interface RetractOptions extends RealmOptions {
  readonly reason?: string;
  readonly ifPosition?: string;
  readonly lens?: string;
  readonly dryRun?: boolean;
  /** False: retracts without a look at what that changes. */
  readonly count: boolean;
}

const impact = async (session: Session, id: string, options: ImpactOptions): Promise<undefined> => {
  const { report } = session;
  const { lens } = options;
  const page = await session.client().impactPage(id, { ...pageOf(options), ...given({ lens }) });
  if (report.options.json) await report.json(page);
  else await showImpact(report, page);
};

interface Counted {
  /** Answers that would change. */
  readonly answers: number;
  readonly first: ImpactAnswer;
}

/** Goes through all the changes, so that the number said is the number there is. */
const count = async (
  session: Session,
  client: StemeClient,
  id: string,
  lens: string | undefined,
): Promise<Counted> => {
  const work = { title: 'impact', total: 0 };
  const progress = startProgress(session.io, session.report.options, work);
  try {
    let answers = 0;
    let first: ImpactAnswer | undefined;
    for await (const page of client.impact(id, { limit: pageMax, ...given({ lens }) })) {
      first ??= page;
      answers += page.impacts.length;
      progress.update(answers, counted(answers, 'answer'));
    }
    if (first === undefined) throw new Error('A list of pages has a first one.');
    return { answers, first };
  } finally {
    progress.stop();
  }
};

const retract = async (
  session: Session,
  id: string,
  options: RetractOptions,
): Promise<undefined> => {
  const { report } = session;
  const { reason, lens, dryRun = false, ifPosition } = options;
  if (!options.count && (dryRun || lens !== undefined)) {
    throw new UsageError('--no-count goes with neither --dry-run nor --lens.');
  }
  if (reason === undefined && !dryRun) throw new UsageError('Say why with --reason.');
  const client = session.client(await session.signer(options.key));
  if (reason !== undefined && !options.count) {
    const stated = { reason, ...given({ ifPosition }), ...authorship(options) };
    return void (await showWritten(report, await client.retractSource(id, stated)));
  }
  const { answers, first } = await count(session, client, id, lens);
  const { dependants, position } = first;
  const changed = counted(answers, 'answer');
  const says = `${restsOn(dependants)}; under ${first.lens}, ${changed} would change`;
  if (reason === undefined || dryRun) {
    const counts = { source: id, lens: first.lens, answers, dependants, position };
    if (report.options.json) return void (await report.json(counts));
    await report.line(says);
    return void (await report.line(`position ${position}`));
  }
  await report.note(`${says}.`);
  // What was counted is what is retracted: a dependant that came since is a conflict.
  const stated = { reason, ifPosition: ifPosition ?? position, ...authorship(options) };
  await showWritten(report, await client.retractSource(id, stated));
};

export const registerImpact: Register = (program, run) => {
  withPage(
    program
      .command('impact')
      .description('show every answer that retracting a source would change')
      .argument('<source>', 'id of the source', recordId)
      .option('--lens <lens>', 'under this lens (default: recency)'),
  ).action((id: string, options: ImpactOptions, command) =>
    run(command, (session) => impact(session, id, options)),
  );
  withRealm(
    program
      .command('retract-source')
      .description('retract a source, and with it what rests on it')
      .argument('<source>', 'id of the source', recordId)
      .option('--reason <text>', 'why; needed unless --dry-run')
      .option(
        '--if-position <position>',
        'refuse when a dependant came after it (default: when counted)',
      )
      .option('--lens <lens>', 'count the answers that change under this lens (default: recency)')
      .option('--dry-run', 'only say what it would change')
      .option('--no-count', 'do not count first, nor refuse what came since it was counted'),
  ).action((id: string, options: RetractOptions, command) =>
    run(command, (session) => retract(session, id, options)),
  );
};
