/**
 * `npm run fuzz`: every target for some time, two at once, each in a thread with a bounded heap. An
 * input that fails is made small and kept in the corpus, which every test run reads again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Found, failureOf, type Progress } from './explore.js';
import { type Order, sharedHeadBytes } from './order.js';
import type { Target } from './target.js';
import { corpusOf, targets } from './targets.js';

const targetsAtOnce = 2;
const heapMebibytesMax = 512;
/** After this long on one input a thread is taken to hang, and is ended. */
const hangMs = 30_000;
const inputBytesMax = 128 * 1024;

interface Result {
  readonly found: Found | undefined;
  readonly progress: Progress;
}

/** The input that a thread was at when it died or was ended. */
const lastInput = (shared: SharedArrayBuffer): Uint8Array => {
  const [, length = 0] = new Int32Array(shared, 0, 2);
  return new Uint8Array(shared, sharedHeadBytes, length).slice();
};

const fuzz = (target: Target, seed: number, seconds: number): Promise<Result> =>
  new Promise((resolve) => {
    const shared = new SharedArrayBuffer(sharedHeadBytes + inputBytesMax);
    const order: Order = { name: target.name, seed, untilMs: Date.now() + seconds * 1000, shared };
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: heapMebibytesMax },
    });
    let progress: Progress = { inputs: 0, kept: 0, functions: 0 };
    let isDone = false;
    const finish = (found: Found | undefined): void => {
      if (isDone) return;
      isDone = true;
      clearInterval(watch);
      void worker.terminate();
      resolve({ found, progress });
    };
    let before = { count: -1, ms: Date.now() };
    const watch = setInterval(() => {
      const [count = 0] = new Int32Array(shared, 0, 2);
      if (count !== before.count) before = { count, ms: Date.now() };
      else if (count > 0 && Date.now() - before.ms > hangMs) {
        finish({ input: lastInput(shared), why: `it takes more than ${hangMs} ms` });
      }
    }, 500);
    worker.on('message', (message: Partial<Result>) => {
      if (message.progress !== undefined) progress = message.progress;
      else finish(message.found);
    });
    worker.on('error', (error) => finish({ input: lastInput(shared), why: String(error.stack) }));
    worker.on('exit', (code) => finish({ input: lastInput(shared), why: `it exits with ${code}` }));
  });

const keep = (name: string, { input, why }: Found): void => {
  const folder = corpusOf(name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 12));
  writeFileSync(file, input);
  console.log(`\nFAILED ${name}: ${why}\n${JSON.stringify(Buffer.from(input).toString('latin1'))}`);
  console.log(`again: npm run fuzz -- --target ${name} --replay ${relative('.', file)}\n`);
};

const replay = async (target: Target, file: string): Promise<boolean> => {
  const opened = await target.open();
  const why = await failureOf(opened, readFileSync(file));
  await opened.close().catch(() => undefined);
  console.log(why === undefined ? 'It holds.' : `FAILED ${why}`);
  return why === undefined;
};

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    target: { type: 'string', multiple: true },
    replay: { type: 'string' },
  },
});
const chosen = targets.filter(({ name }) => values.target?.includes(name) ?? true);
if (chosen.length === 0) throw new Error(`The targets are ${targets.map(({ name }) => name)}.`);
const [first] = chosen;
if (values.replay !== undefined && first !== undefined) {
  process.exitCode = (await replay(first, values.replay)) ? 0 : 1;
} else {
  const left = [...chosen];
  const lane = async (): Promise<void> => {
    for (let target = left.shift(); target !== undefined; target = left.shift()) {
      const { found, progress } = await fuzz(target, Number(values.seed), Number(values.seconds));
      const { inputs, kept, functions } = progress;
      const told = `${inputs} inputs, ${kept} kept, ${functions} functions reached`;
      console.log(`${target.name.padEnd(14)} ${told}, seed ${values.seed}`);
      if (found === undefined) continue;
      keep(target.name, found);
      process.exitCode = 1;
    }
  };
  await Promise.all(Array.from({ length: targetsAtOnce }, lane));
}
