/** `stemedb assert`: state one claim. */
import type { AssertionInput } from '@stemedb/client';
import type { Lifecycle } from '@stemedb/model';
import { Option } from 'commander';
import { collect, fraction, type Register } from '../command.js';
import { escapeText, escapeValue } from '../escape.js';
import { UsageError } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { readValue, type ValueType, valueTypes } from '../value.js';

interface AssertOptions {
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
  readonly assertedAt?: string;
  readonly key?: string;
}

const readMetadata = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--metadata must be NAME=TEXT, not ${escapeText(pair)}.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );

/** Left out where the option was not given: what is not stated is not part of the claim. */
const readInput = (
  [path, predicate, valueText]: readonly [string, string, string],
  options: AssertOptions,
): AssertionInput => {
  const { unit, confidence, sourceClass, source, sourceUri, derivedFrom } = options;
  const { parent, lifecycle, epoch, metadata, assertedAt } = options;
  return {
    concept_path: path,
    predicate,
    value: unwrap(readValue(valueText, options.type)),
    ...(unit !== undefined && { unit }),
    ...(confidence !== undefined && { confidence }),
    ...(sourceClass !== undefined && { source_class: sourceClass }),
    ...(source !== undefined && { source }),
    ...(sourceUri !== undefined && { source_uri: sourceUri }),
    ...(derivedFrom !== undefined && { derived_from: derivedFrom }),
    ...(parent !== undefined && { parent }),
    ...(lifecycle !== undefined && { lifecycle }),
    ...(epoch !== undefined && { epoch }),
    ...(metadata !== undefined && { metadata: readMetadata(metadata) }),
    ...(assertedAt !== undefined && { asserted_at: timeOf(assertedAt) }),
  };
};

/** Milliseconds come as digits on a command line. */
const timeOf = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

const assertClaim = async (
  session: Session,
  words: readonly [string, string, string],
  options: AssertOptions,
): Promise<undefined> => {
  const { report } = session;
  const client = session.client(await session.signer(options.key));
  const answer = await client.assert(readInput(words, options));
  for (const { code, detail } of answer.warnings ?? []) {
    await report.warn(`${code}: ${escapeText(detail)}`);
  }
  if (report.options.json) return void (await report.json(answer));
  if (report.options.quiet) return void (await report.line(answer.id));
  const [path, predicate] = words.map((word) => escapeText(word));
  const { record } = answer;
  const value = record.kind === 'assertion' ? escapeValue(record.value) : '';
  await report.line(`${answer.status} ${answer.id}`);
  await report.line(`  ${path} ${predicate} = ${value}`);
  await report.line(`  recorded at ${answer.recorded_at}, position ${answer.position}`);
};

export const registerAssert: Register = (program, run) => {
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
    .option('--metadata <name=text>', 'a note (may repeat)', collect)
    .option('--asserted-at <time>', 'RFC 3339 or milliseconds; now when left out')
    .option('--key <file>', 'sign with this key file (default: $STEMEDB_KEY_FILE, else unsigned)')
    .action((path: string, predicate: string, value: string, options: AssertOptions, command) =>
      run(command, (session) => assertClaim(session, [path, predicate, value], options)),
    );
};
