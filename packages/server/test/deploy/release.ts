/** Releases to install: the real one, and a second one that differs in its name alone. */
import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root; compiled, this file lies in packages/server/dist/test/deploy. */
export const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Makes the release of this clone in a folder that is not there yet; the value is its name. */
export const makeRelease = (folder: string): string => {
  const words = [join(root, 'scripts/release.mjs'), '--out', folder];
  return execFileSync(process.execPath, words, { encoding: 'utf8' }).trim();
};

/** A copy under another name, as a later build of the same sources would be. */
export const renameRelease = async (from: string, to: string, name: string): Promise<void> => {
  execFileSync('cp', ['-al', from, to]);
  const file = join(to, 'RELEASE');
  const [, platform = ''] = (await readFile(file, 'utf8')).trim().split(' ');
  // Written anew, not over: the copy shares its files with the original.
  await rm(file);
  await writeFile(file, `${name} ${platform}\n`);
};
