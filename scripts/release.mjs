// npm run release -- --out FOLDER | --tar FILE: everything a server needs, and nothing else.
//
// A release is the built packages, the production packages beside them as package-lock.json pins
// them, the two programs, and deploy/. It needs Node.js and no network. Native parts are those of
// this platform, so it runs on machines of the same kind. The same sources give the same content.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { filesBelow, root, say, setUp, workspaces } from './lib/workspace.mjs';

const platform = `${process.platform}-${process.arch}`;
const plainFiles = ['LICENSE', 'CHANGELOG.md', '.env.example', 'package.json', 'package-lock.json'];
/** The length of the hash that tells two builds of one version apart. */
const buildDigits = 8;

function fail(text) {
  say(text);
  process.exit(2);
}

/** Packages of production, as folders below the root; those of other platforms are absent. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, entry]) => path.includes('node_modules/') && entry.dev !== true)
    .map(([path, entry]) => ({ path, linkTo: entry.link === true ? entry.resolved : undefined }))
    .filter(({ path, linkTo }) => linkTo !== undefined || existsSync(join(root, path)));
}

/** Prebuilt native code of other platforms; maps and types, which nothing reads at run time. */
function isNeeded(path) {
  const parts = path.split(sep);
  const at = parts.lastIndexOf('prebuilds');
  const builtFor = at < 0 ? undefined : parts[at + 1];
  if (builtFor !== undefined && builtFor !== platform) return false;
  return !/\.(map|d\.ts|d\.mts|d\.cts)$/.test(path);
}

function copyPackage(path, to) {
  const from = join(root, path);
  cpSync(from, join(to, path), {
    recursive: true,
    filter: (source) => {
      const inner = relative(from, source);
      // Nested packages have entries of their own, and some of them are for development.
      return !inner.split(sep).includes('node_modules') && isNeeded(inner);
    },
  });
}

/** The built sources of the workspaces that the server needs, as npm would pack them. */
function copyWorkspace(path, to) {
  cpSync(join(root, path, 'package.json'), join(to, path, 'package.json'));
  cpSync(join(root, path, 'dist', 'src'), join(to, path, 'dist', 'src'), {
    recursive: true,
    filter: (source) => isNeeded(relative(root, source)),
  });
}

/** What `bin/` runs in a release: no set-up, and the node that the installer chose. */
function programText(entry) {
  return [
    '#!/bin/sh',
    '# Runs with the Node.js that the installer has linked here, else with that of the PATH.',
    'here=$(dirname "$(dirname "$(readlink -f "$0")")")',
    'node=$here/node',
    '[ -x "$node" ] || node=node',
    `exec "$node" "$here/packages/server/dist/src/bin/${entry}.js" "$@"`,
    '',
  ].join('\n');
}

function contentHash(folder) {
  const hash = createHash('sha256');
  for (const path of filesBelow(folder)) {
    hash.update(`${relative(folder, path)}\0`);
    hash.update(isLink(path) ? readlinkSync(path) : readFileSync(path));
  }
  return hash.digest('hex').slice(0, buildDigits);
}

function isLink(path) {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Fills an empty folder; the result is the name of the release, such as `0.1.0-1f2e3d4c`. */
function fill(folder) {
  for (const { path, linkTo } of productionPackages()) {
    if (linkTo === undefined) copyPackage(path, folder);
    else {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      symlinkSync(relative(dirname(path), linkTo), join(folder, path));
    }
  }
  for (const path of workspaces()) copyWorkspace(path, folder);
  for (const name of plainFiles) cpSync(join(root, name), join(folder, name));
  for (const name of ['deploy', 'docs']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, 'bin'));
  for (const entry of ['stemedb', 'stemedb-api']) {
    writeFileSync(join(folder, 'bin', entry), programText(entry), { mode: 0o755 });
  }
  const manifest = JSON.parse(readFileSync(join(root, 'packages/server/package.json'), 'utf8'));
  const name = `${manifest.version}-${contentHash(folder)}`;
  writeFileSync(join(folder, 'RELEASE'), `${name} ${platform}\n`);
  return name;
}

function writeTar(folder, file) {
  const fixed = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  const part = `${file}.part`;
  const args = [...fixed, '-czf', part, '-C', dirname(folder), folder.split(sep).at(-1)];
  const { status } = spawnSync('tar', args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) fail('tar failed: see its message above; GNU tar is needed.');
  renameSync(part, file);
}

function readOptions() {
  try {
    const options = { out: { type: 'string' }, tar: { type: 'string' } };
    return parseArgs({ options }).values;
  } catch (error) {
    fail(error.message);
  }
}

const { out, tar } = readOptions();
if ((out === undefined) === (tar === undefined)) {
  fail('say where to: npm run release -- --out FOLDER, or --tar FILE.tar.gz');
}
if (out !== undefined && existsSync(out) && readdirSync(out).length > 0) {
  fail(`${out} is not empty; name a folder that is not there yet.`);
}
const target = resolve(out ?? tar);
if (!existsSync(dirname(target)) || !statSync(dirname(target)).isDirectory()) {
  fail(`${dirname(target)} is not a folder.`);
}
setUp();
// Filled beside its place and renamed, so that a broken run leaves nothing that looks whole.
const work = mkdtempSync(join(dirname(target), '.stemedb-release-'));
try {
  const folder = join(work, 'stemedb');
  mkdirSync(folder);
  const name = fill(folder);
  if (tar === undefined) {
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
  } else {
    writeTar(folder, target);
  }
  process.stdout.write(`${name}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
