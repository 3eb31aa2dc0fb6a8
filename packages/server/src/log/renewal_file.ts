/**
 * The file `renewing` in a log directory: the identity that is to come, and the header that each
 * segment is to have. While it is there the directory belongs to two identities at once, so
 * nothing but the renewal itself may use it (`ops/renew_identity.ts`).
 */
import { join } from 'node:path';
import { blake3, fail, fromHex, type Outcome, ok, parseJson, toHex } from '@stemedb/model';
import type { Disk } from '../io/disk.js';
import { readSmallFile, replaceSmallFile } from './small_file.js';

export const renewalFileName = 'renewing';

/** A header takes some 350 bytes in it: room for 190,000 segments, 12 TiB of log. */
const fileBytesMax = 64 * 1024 * 1024;

export interface Renewal {
  /** The bytes of the file `identity` to come. */
  readonly identity: Uint8Array;
  /** New header of each segment, by file name. */
  readonly headers: ReadonlyMap<string, Uint8Array>;
}

/** The same as JSON, bytes as hex digits. */
interface WrittenRenewal {
  readonly identity: string;
  readonly headers: readonly (readonly [name: string, header: string])[];
}

/** Durable when it resolves. Rejects with errors of the disk. */
export const writeRenewal = (disk: Disk, directory: string, renewal: Renewal): Promise<void> => {
  const content: WrittenRenewal = {
    identity: toHex(renewal.identity),
    headers: [...renewal.headers].map(([name, bytes]) => [name, toHex(bytes)]),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  const checksum = new TextEncoder().encode(`${toHex(blake3(bytes))}\n`);
  return replaceSmallFile(disk, directory, renewalFileName, Buffer.concat([checksum, bytes]));
};

/** Undefined when no renewal is under way. Rejects with errors of the disk. */
export const readRenewal = async (
  disk: Disk,
  directory: string,
): Promise<Outcome<Renewal | undefined>> => {
  const path = join(directory, renewalFileName);
  if (!(await disk.exists(path))) return ok(undefined);
  const bytes = Buffer.from(await readSmallFile(disk, path, fileBytesMax));
  const end = bytes.indexOf('\n');
  const [stated, content] = [bytes.toString('utf8', 0, end), bytes.subarray(end + 1)];
  if (stated === toHex(blake3(content))) return renewalIn(content);
  return fail({
    code: 'log_corrupt',
    detail:
      `The file ${path} is damaged. It says how a change of this directory's identity is to go ` +
      'on; without it, copy the directory once more from where it came, or restore a backup.',
  });
};

/** What `writeRenewal` wrote. */
const renewalIn = (bytes: Uint8Array): Outcome<Renewal> => {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const content = parsed.value as unknown as WrittenRenewal;
  const headers = content.headers.map(([name, hex]) => [name, fromHex(hex)] as const);
  return ok({ identity: fromHex(content.identity), headers: new Map(headers) });
};
