/**
 * A machine of its own for the installer and the units: its own systemd, users, network and mounts,
 * in namespaces of this kernel. `machine.sh` makes it; nothing of it stays.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended, runToEnd } from './programs.js';
import { root } from './release.js';

const script = join(root, 'packages/server/test/deploy/machine.sh');
const bootSeconds = 120;
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

/** Why no machine can be made here; false when one can. */
export const noMachine = (): string | false => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const kinds = ['--pid', '--mount', '--uts', '--ipc', '--net', '--cgroup'];
  if (spawnSync('unshare', ['--fork', ...kinds, 'true']).status !== 0) {
    return 'needs namespaces (unshare)';
  }
  const systemd = spawnSync('/lib/systemd/systemd', ['--version']).status === 0;
  return systemd ? false : 'needs systemd';
};

export class Machine {
  /** A folder of this machine that the new one sees as `/mnt`. */
  readonly shared: string;
  readonly #directory: string;
  readonly #process: ChildProcess;
  #enter: readonly string[] = [];
  #complaints = '';

  private constructor(directory: string, base: string | undefined) {
    this.#directory = directory;
    this.shared = join(directory, 'shared');
    const words = [script, directory, ...(base === undefined ? [] : [base])];
    this.#process = spawn('bash', words, {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process.stderr?.on('data', (chunk) => {
      this.#complaints += chunk;
    });
  }

  /** Starts one and resolves when its systemd has come up; `base` is a folder with a system. */
  static async start(base?: string): Promise<Machine> {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-machine-'));
    await mkdir(join(directory, 'shared'));
    const machine = new Machine(directory, base);
    try {
      await machine.#boot();
      return machine;
    } catch (error) {
      await machine.end();
      throw error;
    }
  }

  async #boot(): Promise<void> {
    const deadline = performance.now() + bootSeconds * 1000;
    while (performance.now() < deadline && this.#process.exitCode === null) {
      const pid = await readFile(join(this.#directory, 'init.pid'), 'utf8').catch(() => '');
      if (pid.trim() !== '') {
        this.#enter = ['-t', pid.trim(), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w'];
        const { out } = await this.run('systemctl', 'is-system-running');
        if (/^(running|degraded)$/m.test(out)) return;
      }
      await sleep(200);
    }
    throw new Error(`The machine did not come up:\n${this.#complaints}`);
  }

  /** Runs a program in the machine to its end. */
  run(...words: readonly string[]): Promise<Ended> {
    const clean = ['env', '-i', `PATH=${path}`, 'NO_COLOR=1', 'SYSTEMD_PAGER='];
    return runToEnd('nsenter', [...this.#enter, ...clean, ...words]);
  }

  /** Runs a line of shell; rejects with what it printed when it fails. */
  async sh(line: string): Promise<string> {
    const { exit, out, err } = await this.run('sh', '-c', line);
    if (exit !== 0) throw new Error(`"${line}" ended with ${exit}:\n${out}${err}`);
    return out;
  }

  /** The value of a property that systemd keeps about a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.sh(`systemctl show --value -p ${name} ${unit}`)).trim();
  }

  /** Ends the machine with all that runs in it. */
  async end(): Promise<void> {
    const gone = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.kill('SIGTERM');
    await gone;
    await rm(this.#directory, { recursive: true, force: true });
  }
}
