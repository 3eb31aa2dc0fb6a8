/**
 * Who a node is and which database it holds: made from randomness at the first start, kept in the
 * file `identity` beside the log (mode 0600), never guessed again (spec 1.2, 4). A directory that
 * has a log but no identity is refused: new ids would disown the records.
 */
import { join } from 'node:path';
import {
  blake3,
  canonicalBytes,
  fail,
  fromHex,
  type JsonObject,
  type JsonValue,
  type Outcome,
  ok,
  parseJson,
  type StemeError,
  toHex,
} from '@stemedb/model';
import type { Disk, ReadDisk } from '../io/disk.js';
import type { Random } from '../io/random.js';
import { openFailed } from './failure.js';
import { offsetOfName } from './format.js';
import { renewalFileName } from './renewal_file.js';
import { repairCutOff, repairingFileName } from './repairing_file.js';
import { isRestoreCutOff, restoreCutOff } from './restoring_file.js';
import { readSmallFile, replaceSmallFile } from './small_file.js';

export interface Identity {
  /** Seed of the node's Ed25519 key, 32 bytes. Secret. */
  readonly nodeKeySeed: Uint8Array;
  /** 16 hex digits: the last part of every stamp that the node makes. */
  readonly nodeId: string;
  /** 32 hex digits. */
  readonly databaseId: string;
  /** 32 hex digits. */
  readonly logId: string;
}

export const identityFileName = 'identity';
const fileBytesMax = 4096;

/** Bytes of each field. */
const fieldBytes = { node_key_seed: 32, node_id: 8, database_id: 16, log_id: 16 } as const;
type FieldName = keyof typeof fieldBytes;
const memberNames = new Set(['version', ...Object.keys(fieldBytes), 'checksum']);
const checksumDigits = 16;

export function createIdentity(random: Random): Identity {
  return {
    nodeKeySeed: random.bytes(fieldBytes.node_key_seed),
    nodeId: toHex(random.bytes(fieldBytes.node_id)),
    databaseId: toHex(random.bytes(fieldBytes.database_id)),
    logId: toHex(random.bytes(fieldBytes.log_id)),
  };
}

/** The identity of a directory that exists; made when the directory has no log yet. */
export async function openIdentity(
  disk: Disk,
  random: Random,
  directory: string,
): Promise<Outcome<Identity>> {
  try {
    const isRepairing = await disk.exists(join(directory, repairingFileName));
    if (isRepairing) return repairCutOff(directory);
    const isRenewing = await disk.exists(join(directory, renewalFileName));
    if (isRenewing) return fail(interrupted(directory));
    const found = await readIdentity(disk, directory);
    if (!found.ok) return found;
    if (found.value !== undefined) return ok(found.value);
    if (await isRestoreCutOff(disk, directory)) return restoreCutOff(directory);
    const names = await disk.list(directory);
    if (names.some((name) => offsetOfName(name) !== undefined)) return fail(missing(directory));
    const identity = createIdentity(random);
    await replaceSmallFile(disk, directory, identityFileName, encodeIdentity(identity));
    return ok(identity);
  } catch (error) {
    return fail(openFailed(directory, error));
  }
}

/** The identity as it stands; undefined when there is none. Rejects with errors of the disk. */
export async function readIdentity(
  disk: ReadDisk,
  directory: string,
): Promise<Outcome<Identity | undefined>> {
  const path = join(directory, identityFileName);
  if (!(await disk.exists(path))) return ok(undefined);
  return decodeIdentity(await readSmallFile(disk, path, fileBytesMax), path);
}

/** The identity in the bytes of such a file, which `path` names in errors. */
export function decodeIdentity(bytes: Uint8Array, path: string): Outcome<Identity> {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return fail(broken(path, 'it is not JSON'));
  const content = parsed.value;
  if (!isObject(content)) return fail(broken(path, 'it is not a JSON object'));
  if (content.version !== 1) return fail(broken(path, 'its version is not 1'));
  const unknown = Object.keys(content).find((name) => !memberNames.has(name));
  if (unknown !== undefined) return fail(broken(path, `it has a member "${unknown}"`));
  for (const name of Object.keys(fieldBytes) as FieldName[]) {
    if (!isHex(content[name], fieldBytes[name])) {
      return fail(broken(path, `${name} is not ${2 * fieldBytes[name]} lower-case hex digits`));
    }
  }
  const { checksum, ...stated } = content;
  // The first files were written without one.
  if (checksum !== undefined && checksum !== checksumOf(stated)) {
    return fail(broken(path, 'its checksum is that of another content'));
  }
  return ok({
    nodeKeySeed: fromHex(String(content.node_key_seed)),
    nodeId: String(content.node_id),
    databaseId: String(content.database_id),
    logId: String(content.log_id),
  });
}

/** The bytes of the file. */
export function encodeIdentity(identity: Identity): Uint8Array {
  const content = {
    version: 1,
    node_key_seed: toHex(identity.nodeKeySeed),
    node_id: identity.nodeId,
    database_id: identity.databaseId,
    log_id: identity.logId,
  };
  const whole = { ...content, checksum: checksumOf(content) };
  return new TextEncoder().encode(`${JSON.stringify(whole, undefined, 2)}\n`);
}

/** A digit of a key that changed is a digit all the same: only this tells. */
function checksumOf(content: JsonObject): string {
  return toHex(blake3(canonicalBytes(content))).slice(0, checksumDigits);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHex(value: JsonValue | undefined, bytes: number): boolean {
  return typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value);
}

function interrupted(directory: string): StemeError {
  return {
    code: 'conflict',
    detail:
      `A change of the identity of ${directory} was begun and not ended. Run "stemedb identity ` +
      'renew" once more: it goes on where it stopped.',
  };
}

function broken(path: string, what: string): StemeError {
  return {
    code: 'log_corrupt',
    detail:
      `The file ${path} is damaged: ${what}. It names the database and holds the key of this ` +
      'node; put it back from a backup. Nothing was changed.',
  };
}

function missing(directory: string): StemeError {
  return {
    code: 'log_corrupt',
    detail:
      `The directory ${directory} holds a log but no file "identity", as when only a part of it ` +
      'was copied. Copy the identity too, or restore from a backup. Nothing was changed.',
  };
}
