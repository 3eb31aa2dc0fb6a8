/** `stemedb query`, `skeptic`, `layered`, `constraints`: ask a question, under a lens. */
import type { QuestionInput } from '@stemedb/client';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { agentId, fraction, given, type Register, recordId } from '../command.js';
import { type PageChoice, withPage } from '../reading.js';
import { UsageError } from '../report.js';
import type { Session } from '../session.js';
import { showAnswer } from '../show_answer.js';

interface QueryOptions extends PageChoice {
  readonly prefix?: string;
  readonly lens?: string;
  readonly assertedAfter?: string;
  readonly assertedBefore?: string;
  readonly since?: string;
  readonly lifecycle?: string;
  readonly epoch?: string;
  readonly includeSuperseded?: boolean;
  readonly aliases?: 'effective' | 'all' | 'none';
  readonly onRetracted?: 'exclude' | 'warn';
  readonly sourceClass?: string;
  readonly agent?: string;
  readonly minConfidence?: number;
  readonly decay?: 'none' | 'class' | number;
  readonly minTrust?: number;
  readonly explain?: boolean;
}

type Ask = 'query' | 'skeptic' | 'layered' | 'constraints';

/** `none`, `class`, or a half-life in days. */
const decay = (text: string): 'none' | 'class' | number => {
  if (text === 'none' || text === 'class') return text;
  const days = Number(text);
  if (text.trim() !== '' && days > 0 && Number.isFinite(days)) return days;
  throw new InvalidArgumentError('It must be none, class, or a number of days.');
};

const readQuestion = (words: readonly string[], options: QueryOptions): QuestionInput => {
  const { prefix, lens, since, lifecycle, epoch, aliases, decay, explain, limit, cursor } = options;
  const [first, second] = words;
  const [path, predicate] = prefix === undefined ? [first, second] : [undefined, first];
  if (path === undefined && prefix === undefined) {
    throw new UsageError('Name a concept path, or a --prefix.');
  }
  if (prefix !== undefined && second !== undefined) {
    throw new UsageError('With --prefix only a predicate may follow, not a path as well.');
  }
  return given({
    concept_path: path,
    prefix,
    predicate,
    lens,
    as_of: options.asOf,
    min_position: options.minPosition,
    asserted_after: options.assertedAfter,
    asserted_before: options.assertedBefore,
    since,
    lifecycle,
    epoch,
    include_superseded: options.includeSuperseded,
    aliases,
    on_retracted: options.onRetracted,
    source_class: options.sourceClass,
    agent_id: options.agent,
    min_confidence: options.minConfidence,
    min_trust: options.minTrust,
    decay,
    explain,
    limit,
    cursor,
  });
};

const ask = async (
  session: Session,
  call: Ask,
  words: readonly string[],
  options: QueryOptions,
): Promise<undefined> => {
  const { report } = session;
  const answer = await session.client()[call](readQuestion(words, options));
  if (report.options.json) await report.json(answer);
  else await showAnswer(report, answer);
};

const withFilters = (command: Command): Command =>
  withPage(command)
    .option('--explain', 'show every candidate with its factors')
    .option('--decay <how>', 'none, class, or a half-life in days', decay)
    .option('--asserted-after <time>', 'only claims stated after it')
    .option('--asserted-before <time>', 'only claims stated before it')
    .option('--since <time>', 'only what gained a record after it')
    .option('--lifecycle <state>', 'only claims in this state')
    .option('--epoch <id>', 'only claims of this epoch', recordId)
    .option('--include-superseded', 'with replaced and revised claims, and superseded epochs')
    .addOption(
      new Option('--aliases <which>', 'whose claims take part').choices([
        'effective',
        'all',
        'none',
      ]),
    )
    .addOption(
      new Option('--on-retracted <how>', 'leave retracted claims out, or warn of each').choices([
        'exclude',
        'warn',
      ]),
    )
    .option('--source-class <class>', 'only claims of this class')
    .option('--agent <id>', 'only claims of this agent', agentId)
    .option('--min-confidence <number>', 'from 0 to 1', fraction)
    .option('--min-trust <number>', 'least trust in the author, from 0 to 1', fraction);

const withConcept = (command: Command): Command =>
  command
    .argument('[path]', 'concept path (with --prefix: the predicate)')
    .argument('[predicate]', 'only this predicate')
    .option('--prefix <path>', 'every concept below this path');

export const registerQuery: Register = (program, run) => {
  const add = (call: Ask, description: string): Command =>
    withFilters(withConcept(program.command(call)))
      .description(description)
      .action(
        (path: string | undefined, predicate: string | undefined, options: QueryOptions, command) =>
          run(command, (session) => {
            const words = [path, predicate].filter((word) => word !== undefined);
            return ask(session, call, words, options);
          }),
      );
  add('query', 'ask a question').option(
    '--lens <lens>',
    'recency (default), consensus, votes, authority, ... or one that the server adds',
  );
  add('skeptic', 'show what is contested about a concept');
  add('layered', 'let the best source class decide, and show the others');
  withFilters(program.command('constraints'))
    .description('show what a concept and its ancestors demand, forbid and prefer')
    .argument('<path>', 'concept path')
    .action((path: string, options: QueryOptions, command) =>
      run(command, (session) => ask(session, 'constraints', [path], options)),
    );
};
