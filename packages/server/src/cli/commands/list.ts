/** `stemedb list`: records of one kind. */
import { Argument } from 'commander';
import { agentId, given, type Register, recordId } from '../command.js';
import { type PageChoice, pageOf, withPage } from '../reading.js';
import { UsageError } from '../report.js';
import type { Session } from '../session.js';
import { showList } from '../show_record.js';

/** What each list may be narrowed by, as the options are called. */
const filtersOf = {
  vote: ['target', 'agent'],
  verdict: ['target', 'agent'],
  supersession: ['target', 'agent'],
  alias: ['path', 'agent'],
  attestation: ['target'],
  epoch: [],
  source: ['agent'],
  policy: [],
} as const satisfies Record<string, readonly (keyof Filters)[]>;

type Kind = keyof typeof filtersOf;

interface Filters {
  readonly target?: string;
  readonly agent?: string;
  readonly path?: string;
}

type ListOptions = PageChoice & Filters;

const list = async (session: Session, kind: Kind, options: ListOptions): Promise<undefined> => {
  const { report } = session;
  const { target, agent, path } = options;
  const possible: readonly string[] = filtersOf[kind];
  for (const name of Object.keys(given({ target, agent, path }))) {
    if (possible.includes(name)) continue;
    throw new UsageError(`A list of the kind ${kind} cannot be narrowed with --${name}.`);
  }
  if (kind === 'attestation' && target === undefined) {
    throw new UsageError('Name the claim whose signatures to list with --target.');
  }
  const filter = given({ target, agent_id: agent, concept_path: path });
  const page = await session.client().listPage(kind, filter, pageOf(options));
  if (report.options.json) await report.json(page);
  else await showList(report, page);
};

export const registerList: Register = (program, run) => {
  withPage(
    program
      .command('list')
      .description('list the records of a kind, and whether they have an effect')
      .addArgument(new Argument('<kind>').choices(Object.keys(filtersOf)))
      .option('--target <id>', 'only those about this record', recordId)
      .option('--agent <id>', 'only those of this agent', agentId)
      .option('--path <path>', 'only aliases of this concept path'),
  ).action((kind: Kind, options: ListOptions, command) =>
    run(command, (session) => list(session, kind, options)),
  );
};
