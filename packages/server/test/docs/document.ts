/** What the documents tell people to type, and what they promise it prints. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root; compiled, this file lies in packages/server/dist/test/docs. */
export const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** A fenced block of a document. */
export interface Block {
  /** Number of its first line. */
  readonly line: number;
  /** What follows the opening fence, such as `sh` or `sh no-run`. */
  readonly info: string;
  readonly text: string;
}

/** Commands that a reader types, with the JSON that the document shows as their output. */
export interface Commands {
  readonly line: number;
  readonly script: string;
  readonly expected: unknown;
}

/** All fenced blocks of a document. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  for (const match of text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)) {
    const line = text.slice(0, match.index).split('\n').length + 1;
    blocks.push({ line, info: (match[1] ?? '').trim(), text: match[2] ?? '' });
  }
  return blocks;
}

/** The `sh` blocks in order; a `json` block that follows one is what it prints. */
export function commandsOf(text: string): readonly Commands[] {
  const blocks = blocksOf(text);
  return blocks.flatMap((block, at) => {
    if (block.info !== 'sh') return [];
    const next = blocks[at + 1];
    const expected = next?.info === 'json' ? JSON.parse(next.text) : undefined;
    return [{ line: block.line, script: block.text, expected }];
  });
}

/** Pages whose commands need no server; a test beside their code runs them. */
const testedElsewhere: ReadonlySet<string> = new Set(['docs/worked-example.md']);

/** Paths of the documents whose commands are run here. */
export function documents(): readonly string[] {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', ...pages.sort().map((name) => `docs/${name}`)];
  return paths.filter((path) => !testedElsewhere.has(path));
}

/** A document's text. */
export function readDocument(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Where the output differs from what the document shows, as JSON pointers with a reason. A text
 * that ends with `…` stands for any text with that beginning, the text `…` for any value.
 */
export function differences(shown: unknown, printed: unknown, pointer = ''): readonly string[] {
  if (shown === '…') return [];
  if (typeof shown === 'string' && shown.endsWith('…')) {
    const fits = typeof printed === 'string' && printed.startsWith(shown.slice(0, -1));
    return fits ? [] : [`${pointer}: ${JSON.stringify(printed)}, not ${shown}`];
  }
  if (Array.isArray(shown) && Array.isArray(printed)) {
    if (shown.length !== printed.length) return [`${pointer}: ${printed.length} elements`];
    return shown.flatMap((item, at) => differences(item, printed[at], `${pointer}/${at}`));
  }
  if (isObject(shown) && isObject(printed)) {
    const names = [...new Set([...Object.keys(shown), ...Object.keys(printed)])];
    return names.flatMap((name) => {
      const at = `${pointer}/${name}`;
      if (!Object.hasOwn(shown, name)) return [`${at}: not in the document`];
      if (!Object.hasOwn(printed, name)) return [`${at}: not printed`];
      return differences(shown[name], printed[name], at);
    });
  }
  const same = JSON.stringify(shown) === JSON.stringify(printed);
  return same ? [] : [`${pointer}: ${JSON.stringify(printed)}, not ${JSON.stringify(shown)}`];
}
