/** Everything that is fuzzed. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Target, utf8 } from './target.js';
import { calls } from './targets/calls.js';
import { configuration } from './targets/configuration.js';
import { frame } from './targets/frame.js';
import { json } from './targets/json.js';
import { lines } from './targets/lines.js';
import { proof } from './targets/proof.js';
import { record } from './targets/record.js';
import { store } from './targets/store.js';
import { text } from './targets/text.js';
import { wire } from './targets/wire.js';

export const targets: readonly Target[] = [
  ...[calls, wire, record, json, configuration, lines, proof, text, frame, store],
];

/** In the sources, so that what was found is kept. */
const corpusFolder = fileURLToPath(new URL('../../../test/fuzz/corpus/', import.meta.url));

export const corpusOf = (name: string): string => join(corpusFolder, name);

/** Inputs that failed once, by file name. */
export const keptInputs = (name: string): ReadonlyMap<string, Uint8Array> => {
  const folder = corpusOf(name);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(names.map((file) => [file, readFileSync(join(folder, file))]));
};

/** What new inputs are made from. */
export const poolOf = (target: Target): Uint8Array[] => [
  ...target.seeds.map((seed) => (typeof seed === 'string' ? utf8(seed) : seed)),
  ...keptInputs(target.name).values(),
];
