/**
 * Loaded before a test with `--import`: makes the module loader serve one compiled file with one
 * replacement, so that the fault is there for that process alone. Nothing is written anywhere.
 *
 * A snippet that is not found exactly once ends the process with `notPlanted` before any test.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const notPlanted = 'the fault could not be planted';

const { PLANTED_FILE: file, PLANTED_FROM: from, PLANTED_TO: to } = process.env;
if (file === undefined || from === undefined || to === undefined) {
  throw new Error(`${notPlanted}: it is not named.`);
}
const pieces = readFileSync(file, 'utf8').split(from);
if (pieces.length !== 2) {
  throw new Error(`${notPlanted}: ${file} has ${pieces.length - 1} of "${from}".`);
}
const source = pieces.join(to);
const hooks = `
export const load = async (url, context, next) =>
  url === ${JSON.stringify(pathToFileURL(file).href)}
    ? { format: 'module', shortCircuit: true, source: ${JSON.stringify(source)} }
    : next(url, context);
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
