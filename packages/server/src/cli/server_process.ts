/** The process that `--pid` names: looked at before a check, and again before it is killed. */
import type { CliIo } from './cli_io.js';
import { escapeText } from './escape.js';
import { CommandError } from './report.js';

type World = Pick<CliIo, 'files' | 'processes'>;

/** What the kernel shows of a process. */
interface Shown {
  readonly words: readonly string[];
  /** Since the boot, in ticks: a number that was given away again has another one. */
  readonly startTicks: string;
}

/** In /proc/PID/stat, counted from behind the name, which may hold blanks and parentheses. */
const startTicksAt = 19;

const shownBy = async ({ files }: World, pid: number | 'self'): Promise<Shown | undefined> => {
  try {
    const [command, stat] = await Promise.all([
      files.readText(`/proc/${pid}/cmdline`),
      files.readText(`/proc/${pid}/stat`),
    ]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const words = command.split('\0').filter((word) => word !== '');
    return { words, startTicks: fields[startTicksAt] ?? '' };
  } catch {
    return undefined;
  }
};

/** The program itself or Node.js running it; not its command line, an editor or a shell. */
const isServer = ({ words }: Shown): boolean =>
  /(^|\/)(node|nodejs|stemedb-api)$/.test(words[0] ?? '') &&
  words.some((word) => /(^|\/)stemedb-api(\.js)?$/.test(word));

export class ServerProcess {
  readonly #world: World;
  readonly #pid: number;
  readonly #shown: Shown | undefined;

  private constructor(world: World, pid: number, shown: Shown | undefined) {
    this.#world = world;
    this.#pid = pid;
    this.#shown = shown;
  }

  /**
   * A process that is none of ours is not killed for a mistyped number. Where the kernel does not
   * show what processes run, the number is believed.
   */
  static async find(world: World, pid: number): Promise<ServerProcess> {
    const shown = await shownBy(world, pid);
    if (shown === undefined) {
      if ((await shownBy(world, 'self')) === undefined) {
        return new ServerProcess(world, pid, undefined);
      }
      const detail = `There is no process ${pid} that you may see: name another one with --pid.`;
      throw new CommandError({ code: 'conflict', detail });
    }
    if (isServer(shown)) return new ServerProcess(world, pid, shown);
    const words = escapeText(shown.words.join(' ').trim());
    const detail =
      `Process ${pid} is no StemeDB server (stemedb-api) but "${words}": ` +
      'name another one with --pid.';
    throw new CommandError({ code: 'conflict', detail });
  }

  /** Ends it at once; a sentence when that failed, or when the number is of another one now. */
  async kill(): Promise<string | undefined> {
    const now = this.#shown && (await shownBy(this.#world, this.#pid));
    const isSame = now?.startTicks === this.#shown?.startTicks;
    if (!isSame || (now !== undefined && !isServer(now))) {
      return `process ${this.#pid} is no longer the one that it was when the check began`;
    }
    try {
      this.#world.processes.kill(this.#pid);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
