import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { canonicalBytes, recordIdOf, sign } from '@stemedb/model';
import { build } from 'esbuild';
import { claim, keys } from './support.js';

/** Compiled tests lie beside the compiled sources. */
const entry = fileURLToPath(new URL('../src/index.js', import.meta.url));

/** What a page does with the model: check, name, sign and verify a claim. */
const program = `
  import * as model from ${JSON.stringify(entry)};
  const checked = model.parseJson(input);
  const content = model.validateContent(checked.value);
  const id = model.recordIdOf(model.canonicalBytes(content.value));
  const { agentId, secretSeed } = model.keyPairFromSeed(new Uint8Array(32).fill(7));
  const signature = model.sign('assertion', id, secretSeed);
  const verified = model.verifySignature('assertion', id, agentId, signature, model.nobleVerify);
  done({ id, signature, verified });
`;

describe('the bundle for browsers', () => {
  it('runs with nothing of Node and gives the same id and signature', async () => {
    const bundle = await build({
      stdin: { contents: program, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2023',
    });
    const code = bundle.outputFiles[0]?.text ?? '';
    assert.ok(!/\bfrom\s*["']node:/.test(code));
    const found = await new Promise((resolve, reject) => {
      // What every page has; the language itself (WebAssembly included) is in any context.
      const page = { TextEncoder, TextDecoder, atob, input: JSON.stringify(claim), done: resolve };
      // The top level of a module may await; that of a script may not.
      const script = new vm.Script(`(async () => {${code}\n})()`);
      (script.runInNewContext(page) as Promise<void>).catch(reject);
    });
    const id = recordIdOf(canonicalBytes({ ...claim }));
    const signature = sign('assertion', id, keys.secretSeed);
    assert.deepEqual({ ...(found as object) }, { id, signature, verified: true });
  });
});
