/**
 * A look at the head of an LMDB file before it is mapped. The library trusts its pages: on a file
 * whose head is damaged or which was cut it ends the process with a signal, at each start again.
 * A fault found here is answered by removing the directory and replaying the log.
 *
 * Layout of a meta page (lmdb.h, MDB_meta on 64 bits): magic at 24, page size at 48, root of the
 * free list at 88, root of the main tree at 136, last page used at 144. There are two, in the first
 * two pages. A file may end in front of the last page when the pages between are free, and in front
 * of a root of the state that the library does not open: only a look at all pages tells such a file
 * from one that was cut.
 */
import { type Disk, diskErrorCode } from '../io/disk.js';

const magic = 0xbeefc0de;
const pageBytesMin = 512;
const pageBytesMax = 65_536;
const metaBytes = 160;
const headFault: LmdbHead = { fault: 'the head of the store file is damaged' };
/** The root of a tree without entries. */
const noPage = 2n ** 64n - 1n;

/** A sector that is lost is written anew with the store. */
export const unreadable = 'the disk cannot read the store file';

/** What the head of a file shows. `isShort`: it ends in front of the last page that it may have. */
export type LmdbHead = { readonly fault: string } | { readonly isShort: boolean };

/** Looks at the head of the file in this directory; one that is not there has no fault. */
export async function lookAtLmdbHead(disk: Disk, directory: string): Promise<LmdbHead> {
  const path = `${directory}/data.mdb`;
  if (!(await disk.exists(path))) return { isShort: false };
  const file = await disk.open(path, 'read');
  try {
    const size = await file.size();
    if (size === 0) return { isShort: false };
    let isShort = false;
    const first = Buffer.alloc(metaBytes);
    await file.read(first, 0, metaBytes, 0);
    const pageBytes = first.readUInt32LE(48);
    if (pageBytes < pageBytesMin || pageBytes > pageBytesMax || size < 2 * pageBytes) {
      return headFault;
    }
    const second = Buffer.alloc(metaBytes);
    await file.read(second, 0, metaBytes, pageBytes);
    for (const meta of [first, second]) {
      if (meta.readUInt32LE(24) !== magic) return headFault;
      const isBehind = (at: number): boolean => {
        const page = meta.readBigUInt64LE(at);
        return page !== noPage && (page + 1n) * BigInt(pageBytes) > BigInt(size);
      };
      isShort ||= [88, 136, 144].some(isBehind);
    }
    return { isShort };
  } catch (error) {
    if (diskErrorCode(error) === 'EIO') return { fault: unreadable };
    throw error;
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
