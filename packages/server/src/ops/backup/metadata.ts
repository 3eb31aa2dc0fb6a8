/**
 * `metadata.json` of a backup: what it holds and where each file of it is. Written last, so a
 * backup without it is one that was cut off. It carries its own checksum, and its own name, so one
 * that was damaged, or put in the place of another, is known.
 *
 * A segment that an earlier backup holds already is named with that backup's name, never with that
 * of one in between: to restore a backup takes its metadata and the files, no chain of metadata.
 */
import { type Static, Type } from '@sinclair/typebox';
import {
  blake3Hex,
  canonicalBytes,
  fail,
  type JsonValue,
  type Outcome,
  ok,
  parseJson,
} from '@stemedb/model';
import { Ajv, type ValidateFunction } from 'ajv';

/** Raised when an older version could not restore what a newer one writes. */
const formatVersion = 1;

export const metadataName = 'metadata.json';
/** Beside a backup that is being made: whose it is. Removed when it is complete. */
export const startedName = 'started.json';

/** Names of pieces, beside those of directories that a log has beside it. */
const pieceFolder = 'pieces';
const piecePattern = `^${pieceFolder}/[0-9a-f]{8}$`;

export const pieceName = (number: number): string =>
  `${pieceFolder}/${number.toString(16).padStart(8, '0')}`;

const hex = (digits: number) => Type.String({ pattern: `^[0-9a-f]{${digits}}$` });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const hash = Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' });
const backupName = Type.String({ pattern: '^stemedb-backup-[0-9]{8}-[0-9]{6}$' });
const closed = { additionalProperties: false } as const;

const file = {
  bytes: count,
  sha256: hex(64),
};

const segment = Type.Object(
  {
    name: Type.String({ pattern: '^[0-9a-f]{16}\\.wal$' }),
    ...file,
    /** Which backup has the file. */
    backup: backupName,
  },
  closed,
);

const range = Type.Object({ size: count, hashes: Type.Array(hash, { maxItems: 53 }) }, closed);

const content = Type.Object(
  {
    format: Type.Literal(formatVersion),
    written_by: Type.String({ maxLength: 100 }),
    name: backupName,
    time: Type.String({ maxLength: 40 }),
    time_ms: count,
    type: Type.Union([Type.Literal('full'), Type.Literal('incremental')]),
    base: Type.Union([backupName, Type.Null()]),
    database_id: hex(32),
    log_id: hex(32),
    node_id: hex(16),
    vkey: Type.String({ maxLength: 400 }),
    assertion_count: count,
    record_count: count,
    position: Type.String({ maxLength: 60 }),
    newest_stamp: hex(32),
    tree_size: count,
    root: hash,
    /** Complete subtrees of all records, the largest first. */
    tree: range,
    /** Where the last segment begins: what the next incremental backup goes on from. */
    last_segment: Type.Object(
      { range, assertion_count: count, newest_stamp: hex(32), segments: count },
      closed,
    ),
    checkpoint: Type.String({ maxLength: 65_536 }),
    segments: Type.Array(segment, { minItems: 1 }),
    /** Beside the segments, in this backup itself. */
    files: Type.Array(
      Type.Object(
        {
          name: Type.String({ pattern: '^[A-Za-z0-9._/-]{1,400}$' }),
          ...file,
          /** Of a file that is kept in pieces, which stand one behind the other: where it lies. */
          piece: Type.Optional(
            Type.Object({ offset: count, object: Type.String({ pattern: piecePattern }) }, closed),
          ),
        },
        closed,
      ),
    ),
    checksum: hex(64),
  },
  closed,
);

export type BackupMetadata = Static<typeof content>;
export type BackupSegment = Static<typeof segment>;
export type BackupFile = BackupMetadata['files'][number];

let compiled: ValidateFunction<BackupMetadata> | undefined;

/** Compiled when first needed: it takes a tenth of a second, and most programs read no backup. */
const validator = (): ValidateFunction<BackupMetadata> => {
  compiled ??= new Ajv({ strict: true }).compile<BackupMetadata>(content);
  return compiled;
};

export const encodeMetadata = (stated: Omit<BackupMetadata, 'format' | 'checksum'>): Uint8Array => {
  const whole = { format: formatVersion, ...stated };
  const text = JSON.stringify({ ...whole, checksum: checksumOf(whole) }, undefined, 2);
  return new TextEncoder().encode(`${text}\n`);
};

/** `copy_damaged` when it is none, `format_too_new` when a newer version wrote it. */
export const decodeMetadata = (bytes: Uint8Array, name: string): Outcome<BackupMetadata> => {
  const damaged = (what: string): Outcome<never> => {
    const detail = `The file ${name}/${metadataName} is damaged: ${what}. Restore another backup.`;
    return fail({ code: 'copy_damaged', detail });
  };
  const parsed = parseJson(bytes);
  if (!parsed.ok) return damaged('it is not JSON');
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return damaged('it is not a JSON object');
  }
  const { checksum, ...stated } = value as { readonly [key: string]: JsonValue };
  if (checksum !== checksumOf(stated)) return damaged('its checksum is that of another content');
  if (typeof stated.format === 'number' && stated.format > formatVersion) {
    const detail = `${name} has format ${stated.format}; use the version that wrote it.`;
    return fail({ code: 'format_too_new', detail });
  }
  const isMetadata = validator();
  if (!isMetadata(value)) {
    const [fault] = isMetadata.errors ?? [];
    return damaged(`${fault?.instancePath ?? ''} ${fault?.message ?? 'it is none'}`);
  }
  if (value.name !== name) return damaged(`it is that of ${value.name}`);
  return ok(value);
};

const checksumOf = (stated: { readonly [key: string]: JsonValue }): string =>
  blake3Hex(canonicalBytes(stated));
