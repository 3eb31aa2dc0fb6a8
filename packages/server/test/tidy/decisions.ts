/** What is wrong with the numbers of the decisions: pages are cited by them. */
import { posix } from 'node:path';
import type { SourceFile } from './tree.js';

const folder = 'docs/decisions';

/** Pages without a number, with another one in the title than in the name, or with a taken one. */
export function faultsOfDecisions(files: readonly SourceFile[]): readonly string[] {
  const pages = files.filter(({ path }) => posix.dirname(path) === folder);
  const faults: string[] = [];
  const holders = new Map<string, string>();
  for (const { path, text } of pages) {
    const page = posix.basename(path);
    const number = /^(\d{3})-[a-z0-9-]+\.md$/.exec(page)?.[1];
    if (number === undefined) {
      faults.push(`${page}: is not named by a number of three digits and words`);
      continue;
    }
    if (/^# (\d+)[.:]? /.exec(text)?.[1] !== number)
      faults.push(`${page}: its title has another number`);
    const holder = holders.get(number);
    if (holder !== undefined) faults.push(`${page}: ${holder} has this number`);
    else holders.set(number, page);
  }
  return faults;
}
