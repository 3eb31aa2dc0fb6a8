/** What is fuzzed: a reader of bytes from outside, and what must hold whatever it is given. */
import assert from 'node:assert/strict';
import { errorTable, type Outcome, type StemeError } from '@stemedb/model';

export interface OpenTarget {
  /** Reads one input; throws when something does not hold. A refusal is no throw. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Target {
  readonly name: string;
  /** Inputs that are taken, from which the others are made. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** What the format is made of, besides what every format is. */
  readonly words: readonly string[];
  /** Longest input that is made. */
  readonly bytesMax: number;
  /** Inputs in every test run; fewer where one costs more. */
  readonly runs: number;
  readonly open: () => Promise<OpenTarget>;
}

/** A target without a state. */
export const pure = (
  parts: Omit<Target, 'open' | 'bytesMax' | 'runs'> & { readonly bytesMax?: number },
  run: OpenTarget['run'],
): Target => ({
  bytesMax: 4096,
  runs: 5000,
  ...parts,
  open: async () => ({ run, close: async () => undefined }),
});

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The text of an input; bytes that are none become replacement characters. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A refusal has a code of the table and a sentence, and is not much longer than what was sent. */
export const checkRefusal = (error: StemeError, inputBytes: number): void => {
  assert.ok(Object.hasOwn(errorTable, error.code), `no such code: ${error.code}`);
  assert.notEqual(error.code, 'internal');
  assert.ok(error.detail.length > 0);
  const shown = JSON.stringify([error.code, error.detail, error.faults ?? []]);
  assert.ok(shown.length <= 65_536 + 24 * inputBytes, `${shown.length} characters of refusal`);
};

/** The value, when there is one; a refusal is checked. */
export const valueIn = <T>(outcome: Outcome<T>, inputBytes: number): T | undefined => {
  if (outcome.ok) return outcome.value;
  checkRefusal(outcome.error, inputBytes);
  return undefined;
};
