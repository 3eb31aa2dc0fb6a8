/** How far an import came: a small file beside the input, only for the same input and server. */
import { parseJson } from '@stemedb/model';
import type { CliIo } from './cli_io.js';

export interface ImportState {
  /** Every line up to this one is decided. */
  readonly line: number;
  /** How many of them were refused. */
  readonly refused: number;
}

export class ImportStateFile {
  readonly #io: CliIo;
  readonly #path: string;
  readonly #url: string;
  readonly #size: number | undefined;

  /** `size` undefined: the input is a pipe, and nothing is kept. */
  constructor(io: CliIo, file: string, url: string, size: number | undefined) {
    this.#io = io;
    this.#path = `${file}.import-state`;
    this.#url = url;
    this.#size = size;
  }

  /** What an earlier import of this input to this server left; undefined when nothing fits. */
  async read(): Promise<ImportState | undefined> {
    if (this.#size === undefined) return undefined;
    const text = await this.#io.files.readText(this.#path).catch(() => undefined);
    const parsed = text === undefined ? undefined : parseJson(text);
    if (!parsed?.ok) return undefined;
    const state = parsed.value;
    if (typeof state !== 'object' || state === null || !('line' in state)) return undefined;
    const { url, size, line, refused } = state;
    if (url !== this.#url || size !== this.#size) return undefined;
    if (typeof line !== 'number' || typeof refused !== 'number') return undefined;
    return { line, refused };
  }

  async write(state: ImportState): Promise<void> {
    if (this.#size === undefined) return;
    const text = JSON.stringify({ url: this.#url, size: this.#size, ...state });
    // Not being able to keep the place is no reason to stop: the next run begins at the start.
    await this.#io.files.replace(this.#path, `${text}\n`).catch(() => undefined);
  }

  async remove(): Promise<void> {
    if (this.#size !== undefined) await this.#io.files.remove(this.#path);
  }
}
