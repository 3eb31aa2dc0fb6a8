/** `stemedb assert`: state one claim. */
import type { AssertionInput } from '@stemedb/client';
import type { Lifecycle } from '@stemedb/model';
import { Option } from 'commander';
import { collect, fraction, given, type Register } from '../command.js';
import { escapeText } from '../escape.js';
import { UsageError } from '../report.js';
import { unwrap } from '../session.js';
import { readValue, type ValueType, valueTypes } from '../value.js';
import { type AuthorOptions, authorship, withAuthor, writeOne } from '../write.js';

interface AssertOptions extends AuthorOptions {
  readonly type: ValueType;
  readonly unit?: string;
  readonly confidence?: number;
  readonly sourceClass?: string;
  readonly source?: string;
  readonly sourceUri?: string;
  readonly derivedFrom?: readonly string[];
  readonly parent?: string;
  readonly lifecycle?: Lifecycle;
  readonly epoch?: string;
  readonly metadata?: readonly string[];
}

const readMetadata = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--metadata must be NAME=TEXT, not ${escapeText(pair)}.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );

const readInput = (
  [path, predicate, valueText]: readonly [string, string, string],
  options: AssertOptions,
): AssertionInput => {
  const { unit, confidence, source, parent, lifecycle, epoch, metadata } = options;
  return {
    concept_path: path,
    predicate,
    value: unwrap(readValue(valueText, options.type)),
    ...given({ unit, confidence, source, parent, lifecycle, epoch }),
    ...given({ source_class: options.sourceClass, source_uri: options.sourceUri }),
    ...given({ derived_from: options.derivedFrom }),
    ...(metadata !== undefined && { metadata: readMetadata(metadata) }),
    ...authorship(options),
  };
};

export const registerAssert: Register = (program, run) => {
  withAuthor(
    program
      .command('assert')
      .description('state a claim')
      .argument('<path>', 'concept path, such as drug/aspirin')
      .argument('<predicate>', 'what about it, such as max_dose')
      .argument('<value>', 'what you claim')
      .addOption(
        new Option('--type <type>', 'how to read the value').choices(valueTypes).default('auto'),
      )
      .option('--unit <unit>', 'unit of a number, such as mg/d')
      .option('--confidence <number>', 'from 0 to 1', fraction)
      .option('--source-class <class>', 'requested class, such as clinical')
      .option('--source <id>', 'id of a registered source')
      .option('--source-uri <uri>', 'a source that is not registered')
      .option('--derived-from <id>', 'a claim or source this rests on (may repeat)', collect)
      .option('--parent <id>', 'the claim that this one revises')
      .option('--lifecycle <state>', 'such as proposed or under_review')
      .option('--epoch <id>', 'the epoch that it belongs to')
      .option('--metadata <name=text>', 'a note (may repeat)', collect),
  ).action((path: string, predicate: string, value: string, options: AssertOptions, command) =>
    run(command, (session) => {
      const input = readInput([path, predicate, value], options);
      return writeOne(session, options, (client) => client.assert(input));
    }),
  );
};
