/**
 * What a formatter cannot check. Every rule carries a planted violation, so that the test
 * shows each time that the rule can fail.
 */

import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { packagesBelow, roomsBelow } from './layers.js';
import { importsOf } from './scan.js';
import { isCode, root, type SourceFile } from './tree.js';

/** A rule of the house: what it finds, and a text in which it must find something. */
export interface Rule {
  readonly name: string;
  /** Faults as `line: what is wrong`. */
  readonly faults: (file: SourceFile) => readonly string[];
  readonly planted: { readonly path: string; readonly text: string };
}

const columnsMax = 100;
const fileLinesMax = 600;

function matchesOf(text: string, pattern: RegExp): readonly string[] {
  const found: string[] = [];
  for (const match of text.matchAll(pattern)) {
    const line = text.slice(0, match.index).split('\n').length;
    found.push(`${line}: ${match[0].trim()}`);
  }
  return found;
}

const columns: Rule = {
  name: `lines are at most ${columnsMax} columns`,
  faults: ({ path, text }) => {
    if (!isCode(path) && !/^(\.ci|bin)\//.test(path)) return [];
    const lines = text.split('\n');
    const wide = (line: string): boolean => Array.from(line).length > columnsMax;
    return lines.flatMap((line, index) => (wide(line) ? [`${index + 1}: too wide`] : []));
  },
  planted: { path: 'packages/model/src/a.ts', text: `// ${'-'.repeat(columnsMax)}\n` },
};

const length: Rule = {
  name: `files have at most ${fileLinesMax} lines`,
  faults: ({ path, text }) => {
    const lines = text.split('\n').length - 1;
    return isCode(path) && lines > fileLinesMax ? [`${lines} lines`] : [];
  },
  planted: { path: 'packages/model/src/a.ts', text: '\n'.repeat(fileLinesMax + 1) },
};

/** Named after what others call them: a command, and a package without types. */
const namesOfOthers: ReadonlySet<string> = new Set(['stemedb-api.ts', 'fs-native-extensions.d.ts']);

const fileNames: Rule = {
  name: 'files of TypeScript are named in small letters with underscores',
  faults: ({ path }) => {
    const name = posix.basename(path);
    if (!name.endsWith('.ts') || namesOfOthers.has(name)) return [];
    return /^[a-z0-9]+(_[a-z0-9]+)*(\.test|\.d)?\.ts$/.test(name) ? [] : [name];
  },
  planted: { path: 'packages/model/src/aB-c.ts', text: '' },
};

/** Code that others run: the sources of the packages, without tests and scripts. */
function isLibrary(path: string): boolean {
  return /^(packages|examples)\/[^/]+\/src\//.test(path);
}

/** The only folders that touch the world: the server's, the client's, and the example's files. */
const worldRooms: readonly RegExp[] = [
  /^packages\/server\/src\/io\//,
  /^packages\/server\/src\/cli\/system_io\.ts$/,
  /^packages\/client\/src\/io\//,
  /^examples\/browser-compat\/src\/packages\.ts$/,
];

const worldCalls =
  /\bDate\.now\b|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|\bnew Date\(\s*\)/g;
const worldModules =
  /^(?:node:)?(?:fs|fs\/promises|net|dgram|timers|timers\/promises|perf_hooks|child_process)$/;
/** Pure functions about addresses that happen to live in node:net. */
const pureNames: ReadonlySet<string> = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList']);

const world: Rule = {
  name: 'clock, randomness, timers, disk and network are touched in the I/O room only',
  faults: ({ path, code, withoutComments }) => {
    if (!isLibrary(path) || worldRooms.some((room) => room.test(path))) return [];
    const modules = importsOf(withoutComments).filter(({ specifier, isTypeOnly, names }) => {
      if (isTypeOnly || !worldModules.test(specifier)) return false;
      return names.length === 0 || !names.every((name) => pureNames.has(name));
    });
    const imported = modules.map(({ line, specifier }) => `${line}: imports ${specifier}`);
    return [...matchesOf(code, worldCalls), ...imported];
  },
  planted: { path: 'packages/server/src/query/a.ts', text: 'export const now = Date.now();\n' },
};

const parsing: Rule = {
  name: 'JSON is parsed by the exact parser of the model',
  faults: ({ path, code }) => {
    if (!isLibrary(path) || path.startsWith('packages/model/src/json/')) return [];
    return matchesOf(code, /\bJSON\.parse\b/g);
  },
  planted: { path: 'packages/server/src/http/a.ts', text: "export const a = JSON.parse('1');\n" },
};

const logging: Rule = {
  name: 'library code writes nothing to the console',
  faults: ({ path, code }) => (isLibrary(path) ? matchesOf(code, /\bconsole\.\w+/g) : []),
  planted: { path: 'packages/server/src/http/a.ts', text: "console.log('here');\n" },
};

/** The room of packages/server/src that a relative import of a file there leads to. */
function roomOf(path: string): string | undefined {
  return /^packages\/server\/src\/([^/]+)\//.exec(path)?.[1];
}

const rooms: Rule = {
  name: 'rooms of the server import only rooms below them',
  faults: ({ path, withoutComments }) => {
    const room = roomOf(path);
    if (room === undefined) return [];
    const below = roomsBelow[room];
    if (below === undefined) return [`1: the room ${room} has no line in layers.ts`];
    return importsOf(withoutComments).flatMap(({ line, specifier }) => {
      if (!specifier.startsWith('.')) {
        const alone = room === 'lens' && specifier !== '@stemedb/model';
        return alone ? [`${line}: lens imports ${specifier}`] : [];
      }
      const other = roomOf(posix.join(posix.dirname(path), specifier));
      if (other === room || (other !== undefined && below.includes(other))) return [];
      return [`${line}: ${room} imports ${other ?? specifier}`];
    });
  },
  planted: {
    path: 'packages/server/src/log/a.ts',
    text: "import type { Store } from '../store/store.js';\nexport type A = Store;\n",
  },
};

const packages: Rule = {
  name: 'packages import only packages below them',
  faults: ({ path, withoutComments }) => {
    const owner = /^(?:packages|examples)\/[^/]+/.exec(path)?.[0] ?? '';
    const below = packagesBelow[owner];
    if (below === undefined || !isCode(path)) return [];
    return importsOf(withoutComments).flatMap(({ line, specifier }) => {
      if (specifier.startsWith('.')) {
        const inside = posix.join(posix.dirname(path), specifier).startsWith(`${owner}/`);
        return inside ? [] : [`${line}: leaves its package by ${specifier}`];
      }
      const name = /^@stemedb\/[^/]+/.exec(specifier)?.[0];
      return name === undefined || below.includes(name) ? [] : [`${line}: imports ${name}`];
    });
  },
  planted: {
    path: 'packages/model/src/a.ts',
    text: "export { StemeClient } from '@stemedb/client';\n",
  },
};

const purity: Rule = {
  name: 'the model runs in a browser: nothing of Node.js',
  faults: ({ path, code, withoutComments }) => {
    if (!path.startsWith('packages/model/src/')) return [];
    const modules = importsOf(withoutComments).filter(({ specifier }) => /^node:/.test(specifier));
    const imported = modules.map(({ line, specifier }) => `${line}: imports ${specifier}`);
    return [...imported, ...matchesOf(code, /\b(?:Buffer|process|__dirname|require)\b[.(]/g)];
  },
  planted: {
    path: 'packages/model/src/a.ts',
    text: "import { createHash } from 'node:crypto';\nexport const a = createHash;\n",
  },
};

/** Spelled in halves so that this file passes its own rule. */
const markerWords = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK', 'W' + 'IP', 'T' + 'BD'];

const markers: Rule = {
  name: 'no markers of unfinished work',
  faults: ({ text }) => matchesOf(text, new RegExp(`\\b(?:${markerWords.join('|')})\\b`, 'g')),
  planted: { path: 'docs/a.md', text: `${markerWords[0]}: finish this\n` },
};

const machinePaths: Rule = {
  name: "no paths of somebody's machine",
  faults: ({ text }) =>
    matchesOf(text, /(?<![\w.}])\/(?:wo[r]k|tm[p]|home\/\w+|ro[o]t|Users)\/\S*/g),
  planted: { path: 'docs/a.md', text: 'see /ho' + 'me/ann/notes\n' },
};

/** Links of a page that lead to a file of the repository. */
const pageLink = /\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)/g;

const links: Rule = {
  name: 'links between documents lead somewhere',
  faults: ({ path, text }) => {
    if (!path.endsWith('.md')) return [];
    const targets = [...text.replace(/```[\s\S]*?```/g, '').matchAll(pageLink)];
    const dead = targets.filter(([, to]) => !existsSync(join(root, dirname(path), to ?? '')));
    return dead.map(([, to]) => `leads nowhere: ${to}`);
  },
  planted: { path: 'docs/a.md', text: 'see [there](nowhere.md)\n' },
};

/** All rules that look at one file at a time. */
export const rules: readonly Rule[] = [
  columns,
  length,
  fileNames,
  world,
  parsing,
  logging,
  rooms,
  packages,
  purity,
  markers,
  machinePaths,
  links,
];
