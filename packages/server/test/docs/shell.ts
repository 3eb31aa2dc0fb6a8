/** One bash that runs block after block, as a reader types them. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A block that waits for something which never comes is ended. */
const blockMsMax = 180_000;

/** Ends the output of each block; no document prints this. */
const mark = '@@ end of block';

export interface BlockEnd {
  readonly exit: number;
  /** What it printed on both streams. */
  readonly output: string;
}

export class Shell {
  readonly #child: ChildProcessWithoutNullStreams;
  #printed = '';
  #wake = (): void => undefined;

  constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn('bash', ['--noprofile', '--norc'], { cwd: directory, env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#printed += chunk;
        this.#wake();
      });
    }
    this.#child.on('close', () => this.#wake());
    this.#child.stdin.write('exec 2>&1\nset -u\n');
  }

  /** Runs the commands; if they are judged the first that fails ends them, with its code. */
  async run(script: string, isJudged: boolean): Promise<BlockEnd> {
    this.#printed = '';
    // Variables and functions outlive a block, so it is no subshell; a function can be left early.
    const guard = isJudged ? "trap 'code=$?; trap - ERR; return $code' ERR" : ':';
    const guarded = `block() {\n${guard}\n${script}\n}\n`;
    const late = setTimeout(() => this.#child.kill('SIGKILL'), blockMsMax);
    try {
      return await this.#ended(guarded);
    } finally {
      clearTimeout(late);
    }
  }

  async #ended(guarded: string): Promise<BlockEnd> {
    this.#child.stdin.write(`${guarded}block </dev/null; printf '\\n%s %d\\n' '${mark}' $?\n`);
    for (;;) {
      const end = new RegExp(`^${mark} (\\d+)\\n`, 'm').exec(this.#printed);
      if (end !== null) {
        return { exit: Number(end[1]), output: this.#printed.slice(0, end.index) };
      }
      if (this.#hasEnded) return { exit: -1, output: this.#printed };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async close(): Promise<void> {
    this.#child.stdin.end('exit\n');
    if (!this.#hasEnded) await once(this.#child, 'close');
  }
}
