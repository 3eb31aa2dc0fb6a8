/**
 * The whole records behind the damage of a log that is cut, as lines of an export: the new log does
 * not have them, and `stemedb import` of this file states them again.
 */
import { join } from 'node:path';
import type { Disk, DiskFile } from '../../io/disk.js';
import type { LogRecord } from '../../log/log.js';
import { writeWhole } from '../../log/segment_writer.js';
import { formatExportLine } from '../export_line.js';

export const laterFileName = 'behind-damage.jsonl';

/** Under which it is written until it is whole. */
const unfinishedName = `${laterFileName}.new`;

/** What may be there of it. */
export const laterFileNames: readonly string[] = [laterFileName, unfinishedName];

/** Has its name when all of it is durable. Every call rejects with errors of the disk. */
export class LaterFile {
  readonly #disk: Disk;
  readonly #directory: string;
  #file: DiskFile | undefined;
  #bytes = 0;
  records = 0;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  get #unfinished(): string {
    return join(this.#directory, unfinishedName);
  }

  async add(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    const file = await this.#opened();
    const bytes = new TextEncoder().encode(records.map(formatExportLine).join(''));
    const written = await writeWhole(file, bytes, this.#bytes);
    if (!written.ok) throw written.error.cause;
    this.#bytes += bytes.length;
    this.records += records.length;
  }

  /** What an earlier run left is begun anew. */
  async #opened(): Promise<DiskFile> {
    if (this.#file !== undefined) return this.#file;
    if (await this.#disk.exists(this.#unfinished)) await this.#disk.remove(this.#unfinished);
    this.#file = await this.#disk.open(this.#unfinished, 'create');
    return this.#file;
  }

  /** Durable with its name; there is no file when there was no record. */
  async end(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    await file.datasync();
    await this.close();
    await this.#disk.rename(this.#unfinished, join(this.#directory, laterFileName));
    await this.#disk.syncDirectory(this.#directory);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}
