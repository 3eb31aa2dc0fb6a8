/** What every command file exports: how it is spelled, and what it does. */
import { parseAgentId, parseRecordId } from '@stemedb/model';
import { type Command, InvalidArgumentError } from 'commander';
import type { ExitName } from './exit_codes.js';
import type { Session } from './session.js';

/** Runs a command's work and turns what becomes of it into the exit code. */
export type Run = (
  command: Command,
  work: (session: Session) => Promise<ExitName | undefined>,
) => Promise<void>;

/** Adds commands to the program. */
export type Register = (program: Command, run: Run) => void;

/** Parser of an option that is a whole number in a range. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };

/** Parser of an option that is a number from 0 to 1. */
export const fraction = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
};

/** Parser of an option that is a number in a range, with or without a fraction. */
export const numberFrom =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
  };

/** Parser of the weight of a vote. */
export const weight = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && value >= -1 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from -1 to 1.');
};

/** Parser of the id of a record. */
export const recordId = (text: string): string => {
  if (parseRecordId(text) !== undefined) return text;
  throw new InvalidArgumentError('An id has 64 lower-case hex digits.');
};

/** Collects ids of records from an option that may be given several times. */
export const collectIds = (
  text: string,
  before: readonly string[] | undefined,
): readonly string[] => collect(recordId(text), before);

/** Parser of the id of an agent. */
export const agentId = (text: string): string => {
  if (parseAgentId(text) !== undefined) return text;
  throw new InvalidArgumentError('The id of an agent has 64 lower-case hex digits.');
};

/** Collects an option that may be given several times. */
export const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

type Given<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** What was given of these; an option that was left out is no field of anything. */
export const given = <Fields extends object>(fields: Fields): Given<Fields> =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<Fields>;
