/** Lenses of the operator's: modules that the configuration names. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { registerLensModules } from '../../src/bin/lens_modules.js';
import { exitCodes } from '../../src/cli/exit_codes.js';
import type { Lens } from '../../src/lens/lens.js';
import { LensRegistry } from '../../src/lens/registry.js';
import { lensConformance } from '../conformance/lens.js';
import { runProgram } from '../support/cli_process.js';
import { ServerProcess, serverBinary } from '../support/server_process.js';

/** A lens that prefers the claim recorded first; without any import, as an operator has it. */
const eldest = `
const byStamp = (a, b) => a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : a.id < b.id ? -1 : 1;
const conflict = (valuesCount) => ({
  conflictScore: valuesCount > 1 ? 1 : 0, entropyBits: Math.log2(valuesCount), valuesCount,
  status: valuesCount > 1 ? 'contested' : 'unanimous',
});
export const lens = {
  name: 'eldest', version: 1, scoreUnit: 'nano', formula: 'what was recorded first',
  *resolve(candidates, _question, { explain }) {
    for (let n = 0; n < candidates.length; n += 4096) yield;
    const firsts = new Map();
    for (const claim of [...candidates].sort(byStamp)) {
      const known = firsts.get(claim.valueKey) ?? { representative: claim, claims: 0 };
      firsts.set(claim.valueKey, { ...known, claims: known.claims + 1 });
    }
    const values = [...firsts].map(([valueKey, first], place) => ({
      valueKey, ...first, score: 1e9 * (firsts.size - place), support: 0,
    }));
    const roles = candidates.map(({ id }) => ({ id, contribution: 0, reason: 'by age' }));
    return {
      values, hasWinner: true, confidence: 1, conflict: conflict(firsts.size), tied: false,
      truncated: 0, ...(explain ? { roles } : {}),
    };
  },
};
`;

const stated = (members: string): string =>
  "export const lens = { name: 'x', version: 1, scoreUnit: 'nano', formula: 'f', " +
  `*resolve() {}, ${members} };`;

const refused: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
  'that is not JavaScript': ['export const lens = {', /cannot be loaded: /],
  'that throws': ['throw new Error("no licence");', /cannot be loaded: no licence/],
  'without a lens': ['export default {};', /no export named "lens"/],
  'without a name': [stated('name: undefined'), /name must be a name/],
  'with a malformed name': [stated("name: 'No Name'"), /cannot be registered: .*must match/],
  'with a taken name': [stated("name: 'recency'"), /cannot be registered: .*already.*recency/],
  'with a version that is none': [
    stated('version: 0.5'),
    /version must be a positive whole number/,
  ],
  'with another unit': [stated("scoreUnit: 'volts'"), /scoreUnit must be "nano"/],
  'without resolve': [stated('resolve: 1'), /resolve must be a generator function/],
  'with a flag that is none': [stated('usesVotes: 1'), /usesVotes must be true or left out/],
  'with a wrong collection': [stated('collects: { ancestors: true }'), /collects must be/],
};

let directory = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-lenses-'));
});

after(() => rm(directory, { recursive: true, force: true }));

const write = async (name: string, text: string): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
};

describe('a lens module is refused', () => {
  for (const [name, [text, says]] of Object.entries(refused)) {
    it(name, async () => {
      const path = await write(`${name.replaceAll(' ', '-')}.mjs`, text);
      const registry = new LensRegistry();
      const known = registry.names();
      const loaded = await registerLensModules([path], registry);
      assert.ok(!loaded.ok);
      assert.equal(loaded.error.code, 'invalid_configuration');
      assert.match(loaded.error.detail, says);
      assert.ok(loaded.error.detail.includes(path), 'it names the module');
      assert.deepEqual(registry.names(), known);
    });
  }

  it('before anything is opened, with a sentence', async () => {
    const ended = await runProgram(serverBinary, ['--lens-modules', './none.mjs'], {
      STEMEDB_WAL_DIR: join(directory, 'wal'),
      STEMEDB_DB_DIR: join(directory, 'db'),
      STEMEDB_BIND_ADDR: '127.0.0.1:0',
    });
    assert.deepEqual([ended.exit, ended.out], [exitCodes.configuration.number, '']);
    assert.match(ended.err, /lens module \.\/none\.mjs cannot be loaded/);
    assert.doesNotMatch(ended.err, /\n\s+at /, 'a sentence, not a stack');
  });
});

describe("an operator's lens", () => {
  it('is found from the working directory and answers questions', async () => {
    await write('eldest.mjs', eldest);
    const server = await ServerProcess.start({
      directory,
      env: { STEMEDB_LENS_MODULES: './eldest.mjs' },
    });
    try {
      for (const value of ['first', 'second']) {
        const claim = { concept_path: 'a/b', predicate: 'is', value };
        await fetch(`${server.url}/v1/assert`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(claim),
        });
      }
      const asked = await fetch(`${server.url}/v1/query?concept_path=a/b&lens=eldest&explain=true`);
      const answer = (await asked.json()) as {
        lens: string;
        results: { value: string; explain: { formula: string } }[];
      };
      assert.equal(answer.lens, 'eldest');
      assert.equal(answer.results[0]?.value, 'first');
      assert.equal(answer.results[0]?.explain.formula, 'what was recorded first');
    } finally {
      await server.stop();
    }
  });
});

// The example keeps what a lens promises, so that it may be copied.
const module = await import(`data:text/javascript,${encodeURIComponent(eldest)}`);
lensConformance(module.lens as Lens);
