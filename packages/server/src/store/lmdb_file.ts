/**
 * A look at the head of an LMDB file before it is mapped. The library trusts its pages: on a file
 * whose head is damaged or which was cut it ends the process with a signal, at each start again.
 * A fault found here is answered by removing the directory and replaying the log.
 *
 * Layout of a meta page (lmdb.h, MDB_meta on 64 bits): magic at 24, page size at 48, root of the
 * free list at 88, root of the main tree at 136, last page used at 144. There are two, in the first
 * two pages. Leaves stand behind their root, so the roots alone do not show that a file is whole.
 */
import type { Disk } from '../io/disk.js';

const magic = 0xbeefc0de;
const pageBytesMin = 512;
const pageBytesMax = 65_536;
const metaBytes = 160;
/** The root of a tree without entries. */
const noPage = 2n ** 64n - 1n;

/** What is wrong with the file in this directory; undefined when it may be opened. */
export async function lmdbFileFault(disk: Disk, directory: string): Promise<string | undefined> {
  const path = `${directory}/data.mdb`;
  if (!(await disk.exists(path))) return undefined;
  const file = await disk.open(path, 'read');
  try {
    const size = await file.size();
    if (size === 0) return undefined;
    const first = Buffer.alloc(metaBytes);
    await file.read(first, 0, metaBytes, 0);
    const pageBytes = first.readUInt32LE(48);
    if (pageBytes < pageBytesMin || pageBytes > pageBytesMax || size < 2 * pageBytes) {
      return 'the head of the store file is damaged';
    }
    const second = Buffer.alloc(metaBytes);
    await file.read(second, 0, metaBytes, pageBytes);
    for (const meta of [first, second]) {
      if (meta.readUInt32LE(24) !== magic) return 'the head of the store file is damaged';
      for (const at of [88, 136, 144]) {
        const page = meta.readBigUInt64LE(at);
        if (page !== noPage && (page + 1n) * BigInt(pageBytes) > BigInt(size)) {
          return 'the store file is cut';
        }
      }
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** What the library says of files whose pages are not what it wrote. */
const damageMessage = /^MDB_(CORRUPTED|PAGE_NOTFOUND|INVALID|VERSION_MISMATCH|BAD_TXN|PANIC)/;

/** What an error of the library says is wrong with its file; undefined when it says nothing. */
export function lmdbDamage(error: unknown): string | undefined {
  if (!(error instanceof Error) || !damageMessage.test(error.message)) return undefined;
  return `the store file is damaged (${error.message})`;
}
