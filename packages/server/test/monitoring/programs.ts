/** The programs that the files of deploy/monitoring are for, and where those files are. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** A file of deploy/monitoring. */
export const pathOf = (name: string): string => join(root, 'deploy/monitoring', name);

export const textOf = (name: string): string => readFileSync(pathOf(name), 'utf8');

/** A file of docs/. */
export const documentOf = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');

/** Why tests that need these programs cannot run here; false when they can. */
export const skipWithout = (debianPackage: string, ...programs: readonly string[]) => {
  const missing = programs.filter((name) => spawnSync(name, ['--version']).status !== 0);
  const names = missing.join(' and ');
  return missing.length > 0 && `${names} is not installed (Debian package ${debianPackage})`;
};

/** Runs a program to its end; its whole output and exit code. */
export const run = (
  program: string,
  words: readonly string[],
  input?: string,
): { readonly code: number | null; readonly output: string } => {
  const ran = spawnSync(program, words, { encoding: 'utf8', ...(input ? { input } : {}) });
  return { code: ran.status, output: `${ran.stdout}${ran.stderr}` };
};
