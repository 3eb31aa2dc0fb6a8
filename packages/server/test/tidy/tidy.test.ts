/** The house rules, held over every file of the repository. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { circlesIn } from './circles.js';
import { faultsOfDecisions } from './decisions.js';
import { type Rule, rules } from './rules.js';
import { readTree, root, type SourceFile, sourceFile } from './tree.js';

const tree = readTree();

function faultsIn(rule: Rule, files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => rule.faults(file).map((fault) => `${file.path}:${fault}`));
}

/** Fails with the findings themselves, not with a comparison of them with nothing. */
function assertNone(findings: string): void {
  if (findings !== '') throw new Error(`found:\n${findings}`);
}

for (const rule of rules) {
  test(rule.name, () => {
    const { path, text } = rule.planted;
    assert.notEqual(rule.faults(sourceFile(path, text)).length, 0, 'misses its planted fault');
    assertNone(faultsIn(rule, tree).join('\n'));
  });
}

test('no files import each other in a circle', () => {
  const planted = [
    ['a/one.ts', "import type { Two } from './b/two.js';\nexport type One = Two;\n"],
    ['a/b/two.ts', "export { three as two } from '../../three.js';\n"],
    ['three.ts', "import { one } from './a/one.js';\nexport const three = one;\n"],
    ['four.ts', "import { three } from './three.js';\nthree();\n"],
  ] as const;
  const found = circlesIn(planted.map(([path, text]) => sourceFile(path, text)));
  assert.deepEqual(found, [['a/b/two.ts', 'a/one.ts', 'three.ts']]);
  assertNone(
    circlesIn(tree)
      .map((circle) => circle.join(' '))
      .join('\n'),
  );
});

test('every decision has a number of its own', () => {
  const planted = [
    ['docs/decisions/001-one.md', '# 001 One\n'],
    ['docs/decisions/001-same-number.md', '# 001 The same number\n'],
    ['docs/decisions/002-two.md', '# 001 Two\n'],
    ['docs/decisions/three.md', '# 003 Three\n'],
  ] as const;
  assert.deepEqual(faultsOfDecisions(planted.map(([path, text]) => sourceFile(path, text))), [
    '001-same-number.md: 001-one.md has this number',
    '002-two.md: its title has another number',
    'three.md: is not named by a number of three digits and words',
  ]);
  assert.ok(tree.some(({ path }) => path === 'docs/decisions/000-decisions.md'));
  assertNone(faultsOfDecisions(tree).join('\n'));
});

test('the tree is the whole repository', () => {
  const paths = new Set(tree.map(({ path }) => path));
  const landmarks = ['package.json', '.ci/run', 'packages/model/src/index.ts'];
  for (const path of [...landmarks, 'packages/server/test/tidy/tidy.test.ts']) {
    assert.ok(paths.has(path), path);
  }
});

test('the scanner tells code from text', () => {
  const open = '$'.concat('{');
  const inText = ["'Date.now'", '"Date.now"', '`Date.now`', '// Date.now', '/* Date.now */'];
  for (const text of [...inText, '/[/"]Date.now/', "'\\'Date.now'", `\`${open}1}Date.now\``]) {
    assert.ok(!sourceFile('a.ts', `const a = ${text};`).code.includes('Date.now'), text);
  }
  for (const text of [
    'Date.now()',
    `\`${open}Date.now()}\``,
    `\`${open}\`${open}{ a: Date.now() }.a}\`}\``,
    '4 / Date.now() / 2',
  ]) {
    assert.ok(sourceFile('a.ts', `const a = ${text};`).code.includes('Date.now'), text);
  }
});

/** A folder of its own with these files, for tools that read a project. */
function withProject(files: Readonly<Record<string, string>>, use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'stemedb-tidy-'));
  try {
    mkdirSync(join(folder, 'src'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runTool(tool: string, args: readonly string[], cwd: string): string {
  const program = join(root, 'node_modules', tool);
  const { stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
  });
  assert.equal(error, undefined);
  return `${stdout}${stderr}`;
}

const biome = '@biomejs/biome/bin/biome';
const knip = 'knip/bin/knip.js';

test('the linter refuses functions of more than 70 lines, and every source passes it', () => {
  const settings = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  const alone = { linter: settings.linter };
  const long = `export function sum(a: number): number {${'\n  a += 1;'.repeat(71)}\n}\n`;
  withProject({ 'biome.json': JSON.stringify(alone), 'src/a.ts': long }, (folder) => {
    assert.match(runTool(biome, ['lint', 'src'], folder), /noExcessiveLinesPerFunction/);
  });
  const report = runTool(
    biome,
    ['check', '--error-on-warnings', '--max-diagnostics=100', '--colors=off', '.'],
    root,
  );
  assert.match(report, /Checked \d+ files/);
  assertNone(/Found \d+ (error|warning)/.test(report) ? report : '');
});

test('nothing is exported that nobody uses', () => {
  const files = {
    'package.json': '{"name":"planted","type":"module","main":"src/index.ts"}',
    'knip.json': '{"entry":["src/index.ts"],"project":["src/**/*.ts"]}',
    'src/index.ts': "import { used } from './a.js';\nused();\n",
    'src/a.ts':
      'export interface Own {}\nconst own: Own = {};\n' +
      'export function used() {\n  return own === undefined;\n}\nexport function unused() {}\n',
  };
  withProject(files, (folder) => {
    const report = runTool(knip, ['--no-progress'], folder);
    assert.match(report, /Unused exports[\s\S]*unused/);
    assert.match(report, /Unused exported types[\s\S]*Own/);
  });
  const { ignoreExportsUsedInFile } = JSON.parse(readFileSync(join(root, 'knip.json'), 'utf8'));
  assert.equal(ignoreExportsUsedInFile, undefined);
  assertNone(runTool(knip, ['--no-progress', '--no-config-hints'], root).trim());
});
