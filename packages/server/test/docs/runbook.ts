/**
 * A runbook as the tests read it: what is common to all cases, the cases below "## Steps", and the
 * validation that ends each of them.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Block, blocksOf, readDocument, root } from './document.js';

/** What a fenced block asks of the test. */
export type Step =
  /** Commands that are run; the last one ends with this exit code, where that is known. */
  | {
      readonly type: 'run';
      readonly line: number;
      readonly script: string;
      readonly exit: number | undefined;
    }
  /** Commands that need a real host, and why. */
  | {
      readonly type: 'host';
      readonly line: number;
      readonly lines: readonly string[];
      readonly why: string;
    }
  /** Lines that the trouble prints; `…` stands for any text. */
  | { readonly type: 'printed'; readonly line: number; readonly lines: readonly string[] };

export interface Case {
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface Runbook {
  /** File name without its ending. */
  readonly name: string;
  /** What stands in front of the cases: symptom and diagnosis. */
  readonly common: readonly Step[];
  readonly cases: readonly Case[];
  readonly validation: readonly Step[];
  /** Blocks that stand in none of these, where nothing would run them. */
  readonly stray: readonly number[];
}

const folder = 'docs/runbooks';

export const runbookNames = (): readonly string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md') && name !== 'index.md')
    .map((name) => name.slice(0, -3))
    .sort();

/** The sections that every runbook has, in this order. */
export const sectionTitles = [
  'Symptom',
  'Quick diagnosis',
  'Steps',
  'Validation',
  'If it fails',
] as const;

const stepOf = ({ line, info, text }: Block): Step | undefined => {
  const lines = text.trimEnd().split('\n');
  if (info === 'text printed') return { type: 'printed', line, lines };
  const host = /^sh host-only: (.+)$/.exec(info);
  if (host !== null) return { type: 'host', line, lines, why: host[1] ?? '' };
  const run = /^sh(?: exit=(\d+|any))?$/.exec(info);
  const exit = run?.[1] === 'any' ? undefined : Number(run?.[1] ?? 0);
  if (run !== null) return { type: 'run', line, script: text, exit };
  if (info.startsWith('sh')) throw new Error(`line ${line}: a block of an unknown kind: ${info}`);
  return undefined;
};

export const readRunbook = (name: string): Runbook => {
  const text = readDocument(`${folder}/${name}.md`);
  const headings = [...text.matchAll(/^(##|###) (.+)$/gm)].map(({ index, 1: marks, 2: title }) => ({
    line: text.slice(0, index).split('\n').length,
    isCase: marks === '###',
    title: title ?? '',
  }));
  const sections = headings.filter(({ isCase }) => !isCase);
  const steps = blocksOf(text).flatMap((block) => stepOf(block) ?? []);
  const between = (from: number, to: number): readonly Step[] =>
    steps.filter(({ line }) => line > from && line < to);
  const startOf = (title: string): number =>
    sections.find((section) => section.title === title)?.line ?? Number.POSITIVE_INFINITY;
  const cases = headings.filter(({ isCase }) => isCase);
  return {
    name,
    common: between(0, startOf('Steps')),
    cases: cases.map(({ title, line }) => {
      const next = headings.find((heading) => heading.line > line)?.line;
      return { title, steps: between(line, next ?? Number.POSITIVE_INFINITY) };
    }),
    validation: between(startOf('Validation'), Number.POSITIVE_INFINITY),
    stray: between(startOf('Steps'), cases[0]?.line ?? 0).map(({ line }) => line),
  };
};

/** Titles of the sections of a runbook, in order. */
export const titlesOf = (name: string): readonly string[] =>
  [...readDocument(`${folder}/${name}.md`).matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);

/** True when a line that the document promises was printed. */
export const wasPrinted = (promised: string, printed: string): boolean => {
  const pattern = promised
    .trim()
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(pattern).test(printed);
};
