/**
 * Lenses of the operator's: modules named in the configuration, each of which exports a `lens`.
 *
 * They are loaded once, at the start, and run inside the server with all its rights: who may
 * write the configuration may do everything anyway. What is checked here is the shape; whether a
 * lens keeps its promises is what the conformance suite finds.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, type Outcome, ok } from '@stemedb/model';
import type { Lens } from '../lens/lens.js';
import type { LensRegistry } from '../lens/registry.js';

const invalid = (path: string, what: string, cause?: unknown): Outcome<never> =>
  fail({ code: 'invalid_configuration', detail: `The lens module ${path} ${what}`, cause });

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isFlag = (value: unknown): boolean => value === undefined || value === true;

const isCollection = (value: unknown): boolean => {
  if (value === undefined) return true;
  if (!isPlain(value) || value.ancestors !== true) return false;
  const prefixes = value.predicatePrefixes;
  return Array.isArray(prefixes) && prefixes.every((prefix) => typeof prefix === 'string');
};

type Check = readonly [member: keyof Lens, must: string, holds: (value: unknown) => boolean];

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

const checks: readonly Check[] = [
  ['name', 'a name', isText],
  [
    'version',
    'a positive whole number',
    (value) => Number.isSafeInteger(value) && Number(value) > 0,
  ],
  [
    'scoreUnit',
    '"nano" or "milliseconds"',
    (value) => value === 'nano' || value === 'milliseconds',
  ],
  ['formula', 'a sentence', isText],
  ['usesVotes', 'true or left out', isFlag],
  ['usesTrust', 'true or left out', isFlag],
  ['collects', '{predicatePrefixes: [...], ancestors: true} or left out', isCollection],
  ['resolve', 'a generator function', (value) => typeof value === 'function'],
];

const lensOf = (path: string, module: Readonly<Record<string, unknown>>): Outcome<Lens> => {
  const lens = module.lens;
  if (!isPlain(lens)) {
    return invalid(path, 'has no export named "lens"; write `export const lens = {...}`.');
  }
  const broken = checks.find(([member, , holds]) => !holds(lens[member]));
  if (broken !== undefined)
    return invalid(path, `has a lens whose ${broken[0]} must be ${broken[1]}.`);
  return ok(lens as unknown as Lens);
};

const messageOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';

/** Loads modules in their order and registers the lens of each; paths are relative to the working
 * directory. The first mistake ends it, `invalid_configuration` with the module and the reason. */
export const registerLensModules = async (
  paths: readonly string[],
  registry: LensRegistry,
): Promise<Outcome<void>> => {
  for (const path of paths) {
    let module: Readonly<Record<string, unknown>>;
    try {
      module = await import(pathToFileURL(resolve(path)).href);
    } catch (cause) {
      return invalid(path, `cannot be loaded: ${messageOf(cause)}`, cause);
    }
    const lens = lensOf(path, module);
    if (!lens.ok) return lens;
    try {
      registry.register(lens.value);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      return invalid(path, `cannot be registered: ${cause.message}.`, cause);
    }
  }
  return ok(undefined);
};
