/** What `--pid` may name, and that it is still that process when it is killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ServerProcess } from '../../src/cli/server_process.js';
import { systemFiles } from '../../src/cli/system_io.js';
import { run } from './harness.js';

const skip = existsSync('/proc/self/stat') ? false : 'the kernel shows no processes in /proc';

const started = async (
  context: TestContext,
  program: string,
  ...words: readonly string[]
): Promise<ChildProcess & { readonly pid: number }> => {
  const child = spawn(program, words, { stdio: 'ignore' });
  context.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const { pid } = child;
  assert.ok(pid !== undefined);
  return Object.assign(child, { pid });
};

const idle = 'setInterval(() => {}, 1000)';

/** A node with these words behind it, as a server's process shows them. */
const nodeWith = (context: TestContext, ...words: readonly string[]) =>
  started(context, process.execPath, '-e', idle, ...words);

test('a process that is no server is refused', { skip }, async (context) => {
  const strangers = [
    await started(context, 'sleep', '60'),
    await nodeWith(context, '/opt/stemedb/bin/stemedb', 'archive', '--follow'),
    await started(context, 'sh', '-c', 'sleep 60; true', '/opt/stemedb/bin/stemedb-api'),
  ];
  for (const { pid } of strangers) {
    const { exit, err } = await run(['pilot-check', '--pid', String(pid)]);
    assert.equal(exit, 1);
    assert.match(err, /is no StemeDB server \(stemedb-api\) but "/);
    process.kill(pid, 0);
  }
  const [gone] = strangers;
  assert.ok(gone !== undefined);
  gone.kill();
  await once(gone, 'exit');
  const { exit, err } = await run(['pilot-check', '--pid', String(gone.pid)]);
  assert.equal(exit, 1);
  assert.match(err, /There is no process \d+/);
});

test('only the process that was looked at is killed', { skip }, async (context) => {
  const { pid } = await nodeWith(context, '/opt/stemedb/dist/stemedb-api.js');
  const killed: number[] = [];
  let startTicks: string | undefined;
  let command: string | undefined;
  /** The kernel's own words, but for what a number given to another process changes in them. */
  const readText = async (path: string): Promise<string> => {
    const text = await systemFiles.readText(path);
    if (path.endsWith('/cmdline')) return command ?? text;
    const fields = text.split(' ');
    return fields.with(21, startTicks ?? fields[21] ?? '').join(' ');
  };
  const none = (): never => assert.fail('no shell here');
  const found = await ServerProcess.find(
    {
      files: { ...systemFiles, readText },
      processes: { kill: (one) => killed.push(one), shell: none, start: none },
    },
    pid,
  );
  startTicks = '1';
  assert.match((await found.kill()) ?? '', /no longer the one/);
  startTicks = undefined;
  command = 'vim\0stemedb-api';
  assert.match((await found.kill()) ?? '', /no longer the one/);
  assert.deepEqual(killed, []);
  command = undefined;
  assert.equal(await found.kill(), undefined);
  assert.deepEqual(killed, [pid]);
});

test('a server that ended meanwhile is not killed, and nobody else', { skip }, async (context) => {
  const server = await nodeWith(context, '/opt/stemedb/dist/stemedb-api.js');
  const none = (): never => assert.fail('nothing is killed or run here');
  const processes = { kill: none, shell: none, start: none };
  const found = await ServerProcess.find({ files: systemFiles, processes }, server.pid);
  server.kill();
  await once(server, 'exit');
  assert.match((await found.kill()) ?? '', /no longer the one/);
});

test('where the kernel shows nothing, the number is believed', async () => {
  const killed: number[] = [];
  const none = (): never => assert.fail('no shell here');
  const readText = (): Promise<string> => Promise.reject(new Error('no /proc'));
  const files = { ...systemFiles, readText };
  const processes = { kill: (pid: number) => killed.push(pid), shell: none, start: none };
  assert.equal(await (await ServerProcess.find({ files, processes }, 7)).kill(), undefined);
  assert.deepEqual(killed, [7]);
});
