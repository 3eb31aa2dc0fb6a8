/** `stemedb query`, `skeptic`, `layered`: ask a question, under a lens. */
import type { QuestionInput } from '@stemedb/client';
import { type Command, InvalidArgumentError } from 'commander';
import { fraction, type Register, wholeNumber } from '../command.js';
import { UsageError } from '../report.js';
import type { Session } from '../session.js';
import { showAnswer } from '../show_answer.js';

interface QueryOptions {
  readonly prefix?: string;
  readonly lens?: string;
  readonly asOf?: string;
  readonly minPosition?: string;
  readonly assertedAfter?: string;
  readonly assertedBefore?: string;
  readonly since?: string;
  readonly lifecycle?: string;
  readonly epoch?: string;
  readonly sourceClass?: string;
  readonly agent?: string;
  readonly minConfidence?: number;
  readonly decay?: 'none' | 'class' | number;
  readonly explain?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

type Ask = 'query' | 'skeptic' | 'layered';

/** `none`, `class`, or a half-life in days. */
const decay = (text: string): 'none' | 'class' | number => {
  if (text === 'none' || text === 'class') return text;
  const days = Number(text);
  if (text.trim() !== '' && days > 0 && Number.isFinite(days)) return days;
  throw new InvalidArgumentError('It must be none, class, or a number of days.');
};

const readQuestion = (words: readonly string[], options: QueryOptions): QuestionInput => {
  const { prefix, agent } = options;
  const [first, second] = words;
  const [path, predicate] = prefix === undefined ? [first, second] : [undefined, first];
  if (path === undefined && prefix === undefined) {
    throw new UsageError('Name a concept path, or a --prefix.');
  }
  if (prefix !== undefined && second !== undefined) {
    throw new UsageError('With --prefix only a predicate may follow, not a path as well.');
  }
  const stated = {
    concept_path: path,
    prefix,
    predicate,
    lens: options.lens,
    as_of: options.asOf,
    min_position: options.minPosition,
    asserted_after: options.assertedAfter,
    asserted_before: options.assertedBefore,
    since: options.since,
    lifecycle: options.lifecycle,
    epoch: options.epoch,
    source_class: options.sourceClass,
    agent_id: agent,
    min_confidence: options.minConfidence,
    decay: options.decay,
    explain: options.explain,
    limit: options.limit,
    cursor: options.cursor,
  };
  const given = Object.entries(stated).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as QuestionInput;
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
  command
    .argument('[path]', 'concept path (with --prefix: the predicate)')
    .argument('[predicate]', 'only this predicate')
    .option('--prefix <path>', 'every concept below this path')
    .option('--as-of <time>', 'as it was known then: RFC 3339, milliseconds or a stamp')
    .option('--explain', 'show every candidate with its factors')
    .option('--decay <how>', 'none, class, or a half-life in days', decay)
    .option('--asserted-after <time>', 'only claims stated after it')
    .option('--asserted-before <time>', 'only claims stated before it')
    .option('--since <time>', 'only what gained a record after it')
    .option('--lifecycle <state>', 'only claims in this state')
    .option('--epoch <id>', 'only claims of this epoch')
    .option('--source-class <class>', 'only claims of this class')
    .option('--agent <id>', 'only claims of this agent')
    .option('--min-confidence <number>', 'from 0 to 1', fraction)
    .option('--min-position <position>', 'wait until the node has reached it')
    .option('--limit <number>', 'results at most, up to 1000', wholeNumber(1, 1000))
    .option('--cursor <cursor>', 'go on where the last answer ended');

export const registerQuery: Register = (program, run) => {
  const add = (call: Ask, description: string): Command =>
    withFilters(program.command(call))
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
    'recency (default), confidence, consensus, authority, layered, skeptic',
  );
  add('skeptic', 'show what is contested about a concept');
  add('layered', 'let the best source class decide, and show the others');
};
