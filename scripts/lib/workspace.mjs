// Sets a fresh clone up: packages installed, sources built, stale outputs gone.
// Node builtins only, since it runs before anything is installed. Both steps are
// skipped when nothing changed, which costs some milliseconds.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root directory. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const nodeMajorMin = 20;
const buildStamp = join(root, 'node_modules', '.stemedb-build');
const outputEndings = ['.d.ts.map', '.js.map', '.d.ts', '.js'];

/** One line that says what happens, on standard error so that output stays clean. */
export function say(text) {
  process.stderr.write(`stemedb: ${text}\n`);
}

function stop(text, exitCode) {
  say(text);
  process.exit(exitCode);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Folders of all workspaces, relative to the root. */
export function workspaces() {
  return readJson(join(root, 'package.json')).workspaces;
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes its own list of
 * what it installed when it is done, so an interrupted install counts as none.
 */
function isInstalled() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const present = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (present === undefined) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/')) continue;
    const found = present[path];
    // Platform packages of other platforms are rightly absent.
    if (found === undefined && entry.optional === true) continue;
    if (found === undefined) return false;
    if (found.version !== entry.version || found.integrity !== entry.integrity) return false;
  }
  return true;
}

/** Runs a program with our output and ends with its exit code when it fails. */
function run(command, args, hint) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command !== process.execPath,
  });
  if (error) stop(`${command}: ${error.message}. ${hint}`, 1);
  if (signal) stop(`${command} was ended by ${signal}.`, 1);
  if (status !== 0) stop(hint, status ?? 1);
}

/** `npm ci`, without install scripts: every native part ships prebuilt inside a package. */
function install() {
  say('installing packages (npm ci), once ...');
  const npm = process.env.npm_execpath ?? '';
  const [command, first] = npm.endsWith('npm-cli.js') ? [process.execPath, [npm]] : ['npm', []];
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional'];
  args.push('--no-audit', '--no-fund', '--loglevel=error');
  run(command, [...first, ...args], 'npm ci failed: see its message above.');
}

/** Every file below a folder, as absolute paths in a stable order; none when it is missing. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  const found = [];
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(path));
    else found.push(path);
  }
  return found;
}

/** A hash over path, size and change time of all that the build reads. */
function sourceFingerprint() {
  const hash = createHash('sha256');
  const inputs = readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name));
  inputs.push('package-lock.json');
  const paths = inputs.map((name) => join(root, name));
  for (const workspace of workspaces()) {
    const folder = join(root, workspace);
    paths.push(join(folder, 'package.json'), join(folder, 'tsconfig.json'));
    paths.push(...filesBelow(join(folder, 'src')), ...filesBelow(join(folder, 'test')));
  }
  for (const path of paths) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Removes outputs whose source is gone, so that a deleted test cannot run. */
function removeStaleOutputs() {
  for (const workspace of workspaces()) {
    const dist = join(root, workspace, 'dist');
    for (const path of filesBelow(dist)) {
      const ending = outputEndings.find((text) => path.endsWith(text));
      if (ending === undefined) continue;
      const stem = path.slice(dist.length + 1, -ending.length);
      if (!/^(src|test)$/.test(stem.split(sep)[0])) continue;
      if (existsSync(join(root, workspace, `${stem}.ts`))) continue;
      rmSync(path, { force: true });
    }
  }
}

function isBuilt(fingerprint) {
  const outputs = workspaces().map((workspace) => join(root, workspace, 'dist', 'src'));
  if (!outputs.every((path) => existsSync(path))) return false;
  return existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === fingerprint;
}

/** Compiles what changed. A failed build leaves no stamp and ends the process. */
function build(fingerprint) {
  say('building (tsc -b) ...');
  rmSync(buildStamp, { force: true });
  removeStaleOutputs();
  // A dist folder that somebody emptied is not noticed by the compiler's own record of it.
  for (const workspace of workspaces()) {
    const dist = join(root, workspace, 'dist');
    if (!existsSync(join(dist, 'src'))) rmSync(dist, { recursive: true, force: true });
  }
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [tsc, '-b'], 'the build failed: see the messages above.');
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, fingerprint);
}

/** Installs and builds what is missing or has changed. */
export function setUp() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < nodeMajorMin) {
    stop(`needs Node.js ${nodeMajorMin} or newer, this is ${process.versions.node}.`, 1);
  }
  if (!isInstalled()) install();
  const fingerprint = sourceFingerprint();
  if (!isBuilt(fingerprint)) build(fingerprint);
}
