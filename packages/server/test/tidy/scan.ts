/**
 * A scanner for TypeScript that is just good enough for the rules: it tells comments, strings,
 * templates and regular expressions from code, and blanks some of them out, line by line.
 */

type Part = 'code' | 'comment' | 'literal';

interface Span {
  readonly part: Part;
  readonly end: number;
}

/** After these a slash begins a regular expression; after a value it divides. */
const beforeRegExp = /(^|[(,=:[!&|?{};+\-*%<>~^]|=>|\b(return|typeof|case|in|of|do|else))\s*$/;

function endOfQuoted(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') {
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

function endOfRegExp(text: string, start: number): number {
  let at = start + 1;
  let inClass = false;
  while (at < text.length && text[at] !== '\n') {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '/' && !inClass) return at + 1;
    at += 1;
  }
  return at;
}

/** Where a template's text ends: at its closing backtick or at the next `${`. */
function endOfTemplateText(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    if (text[at] === '`') return at + 1;
    if (text[at] === '$' && text[at + 1] === '{') return at + 2;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at;
}

/** The span that begins at a character which opens a comment or a literal, if one does. */
function spanAt(text: string, at: number): Span | undefined {
  const character = text[at];
  const next = text[at + 1];
  if (character === '/' && next === '/') {
    const end = text.indexOf('\n', at);
    return { part: 'comment', end: end < 0 ? text.length : end };
  }
  if (character === '/' && next === '*') {
    const end = text.indexOf('*/', at + 2);
    return { part: 'comment', end: end < 0 ? text.length : end + 2 };
  }
  if (character === '"' || character === "'") {
    return { part: 'literal', end: endOfQuoted(text, at, character) };
  }
  if (character === '/' && beforeRegExp.test(text.slice(Math.max(0, at - 40), at))) {
    return { part: 'literal', end: endOfRegExp(text, at) };
  }
  return undefined;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

function scan(text: string, hidden: ReadonlySet<Part>): string {
  const out: string[] = [];
  // One entry for each template we are inside of: how many braces its expression has open.
  const templates: number[] = [];
  let at = 0;
  const take = (end: number, part: Part): void => {
    const piece = text.slice(at, end);
    out.push(hidden.has(part) ? blank(piece) : piece);
    at = end;
  };
  const takeTemplateText = (start: number): void => {
    const end = endOfTemplateText(text, start);
    if (text[end - 1] === '{') templates.push(0);
    take(end, 'literal');
  };
  while (at < text.length) {
    const depth = templates.at(-1);
    const span = spanAt(text, at);
    if (span !== undefined) take(span.end, span.part);
    else if (text[at] === '`') takeTemplateText(at + 1);
    else if (depth === 0 && text[at] === '}') {
      templates.pop();
      takeTemplateText(at + 1);
    } else {
      if (depth !== undefined && text[at] === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && text[at] === '}') templates[templates.length - 1] = depth - 1;
      take(at + 1, 'code');
    }
  }
  return out.join('');
}

/** The text with comments blanked. */
export function proseOf(text: string): string {
  return scan(text, new Set<Part>(['comment']));
}

/** The text with everything blanked that is not code. */
export function codeOf(text: string): string {
  return scan(text, new Set<Part>(['comment', 'literal']));
}

/** What a module takes from another. */
export interface Import {
  readonly line: number;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
  /** Names between braces; empty for a namespace, a default or an effect. */
  readonly names: readonly string[];
}

const importForms = [
  /\b(?:import|export)\s+(type\s)?([^'";()]*?)\sfrom\s*['"]([^'"]+)['"]/g,
  /\bimport\s*()()['"]([^'"]+)['"]/g,
  /\bimport\s*\(\s*()()['"]([^'"]+)['"]/g,
];

/** All imports, re-exports and dynamic imports of a module whose comments are blanked. */
export function importsOf(withoutComments: string): readonly Import[] {
  const found: Import[] = [];
  for (const form of importForms) {
    for (const match of withoutComments.matchAll(form)) {
      const braces = /\{([^}]*)\}/.exec(match[2] ?? '')?.[1] ?? '';
      found.push({
        line: withoutComments.slice(0, match.index).split('\n').length,
        specifier: match[3] ?? '',
        isTypeOnly: (match[1] ?? '') !== '',
        names: braces
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
      });
    }
  }
  return found;
}
