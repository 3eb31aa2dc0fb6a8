/** Bytes in memory, as a file of a copy: it can only be read. */
import type { DiskFile } from '../io/disk.js';

export const readOnly = (path: string): Error =>
  Object.assign(new Error(`EROFS: ${path} is of a copy`), { code: 'EROFS' });

/** Bytes in memory, as a file that can only be read. */
export class BytesFile implements DiskFile {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async read(target: Uint8Array, offset: number, length: number, position: number) {
    return this.readSync(target, offset, length, position);
  }

  readSync(target: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = this.#bytes.subarray(position, position + length);
    target.set(bytes, offset);
    return bytes.length;
  }

  write(): Promise<number> {
    return Promise.reject(readOnly('it'));
  }

  datasync(): Promise<void> {
    return Promise.resolve();
  }

  truncate(): Promise<void> {
    return Promise.reject(readOnly('it'));
  }

  async size(): Promise<number> {
    return this.#bytes.length;
  }

  async isAt(): Promise<boolean> {
    return false;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
