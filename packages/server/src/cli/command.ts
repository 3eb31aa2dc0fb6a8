/** What every command file exports: how it is spelled, and what it does. */
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

/** Collects an option that may be given several times. */
export const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];
