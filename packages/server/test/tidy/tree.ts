/** The files of the repository that people wrote: what .gitignore names is left out. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, proseOf } from './scan.js';

/** The repository's root; compiled, this file lies in packages/server/dist/test/tidy. */
export const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** One text file with the two views that rules look at; all three have the same line numbers. */
export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Comments blanked; strings kept. Only of TypeScript and JavaScript, else the text. */
  readonly withoutComments: string;
  /** Comments, strings, templates' text and regular expressions blanked. */
  readonly code: string;
}

/** Official test vectors are other people's text. */
const foreignFolders: ReadonlySet<string> = new Set(['.git', 'vectors']);

function ignoredFolders(): ReadonlySet<string> {
  const lines = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
  const folders = lines.filter((line) => line.endsWith('/'));
  return new Set(folders.map((line) => line.replaceAll('/', '')));
}

const textEndings = /\.(ts|mjs|json|md|toml|yml|yaml|sh|html|css|service|timer|conf)$/;
const namedTextFiles: ReadonlySet<string> = new Set(['.ci/run', 'bin/stemedb', 'bin/stemedb-api']);

/** Whether the path is TypeScript or JavaScript. */
export function isCode(path: string): boolean {
  return /\.(ts|mjs)$/.test(path);
}

/** A file as the rules see it. */
export function sourceFile(path: string, text: string): SourceFile {
  if (!isCode(path)) return { path, text, withoutComments: text, code: text };
  return { path, text, withoutComments: proseOf(text), code: codeOf(text) };
}

function pathsBelow(folder: string, ignored: ReadonlySet<string>): readonly string[] {
  const found: string[] = [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (ignored.has(entry.name) || foreignFolders.has(entry.name)) continue;
      found.push(...pathsBelow(path, ignored));
    } else if (textEndings.test(path) || namedTextFiles.has(path)) {
      found.push(path);
    }
  }
  return found;
}

/** Every text file of the repository, in path order. */
export function readTree(): readonly SourceFile[] {
  const paths = pathsBelow('', ignoredFolders()).filter((path) => path !== 'package-lock.json');
  return paths.map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}
