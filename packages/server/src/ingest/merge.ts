/**
 * The checks of `merge`: a record's own shape, hash and signature, and nothing that depends on
 * this server (spec 1). A record of a kind or version that this release does not know is kept byte
 * for byte, without effect (spec 4.5).
 */
import type { Ed25519Verify, HlcStamp, JsonValue, Outcome, RecordId } from '@stemedb/model';
import {
  attestedKind,
  canonicalText,
  fail,
  kindNumber,
  ok,
  parseJson,
  readRecord,
  recordIdOf,
  stampMs,
} from '@stemedb/model';
import { unknownKindNumber } from '../log/continuation.js';
import { framePayloadBytesMax, recordPrefixBytes } from '../log/format.js';
import { allShards } from '../log/log.js';
import { futureToleranceMs } from './gates/content.js';
import { shardOfContent } from './gates/shard.js';
import type { MergeRecord } from './ingest.js';
import type { PendingRecord } from './pending_record.js';

/** What fits into one frame. */
const recordBytesMax = framePayloadBytesMax - recordPrefixBytes;

const isOfUnknownKind = (value: JsonValue): boolean => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const { kind, v } = value as { readonly [key: string]: JsonValue };
  if (typeof kind !== 'string' || typeof v !== 'number' || !Number.isInteger(v)) return false;
  return !Object.hasOwn(kindNumber, kind) || v !== 1;
};

const readUnknown = (bytes: Uint8Array): RecordId | undefined => {
  const parsed = parseJson(bytes);
  if (!parsed.ok || !isOfUnknownKind(parsed.value)) return undefined;
  const canonical = canonicalText(parsed.value) === new TextDecoder().decode(bytes);
  return canonical ? recordIdOf(bytes) : undefined;
};

const stampGate = (stamp: HlcStamp, wallMs: number): Outcome<void> => {
  if (stampMs(stamp) <= wallMs + futureToleranceMs) return ok(undefined);
  return fail({
    code: 'time_in_future',
    detail:
      `The stamp ${stamp} is more than five minutes ahead of this server's clock; ` +
      'merging it would drag the clock of this node along. Check the clock of its node.',
  });
};

/** Checks one record that comes with its stamp; what may then be logged. */
export const prepareMerge = (
  context: {
    readonly wallMs: () => number;
    readonly verify: Ed25519Verify;
    readonly shardOfTarget: (id: RecordId) => number | undefined;
  },
  merged: MergeRecord,
): Outcome<PendingRecord> => {
  const timely = stampGate(merged.stamp, context.wallMs());
  if (!timely.ok) return timely;
  const { bytes, stamp, proof } = merged;
  if (bytes.length > recordBytesMax) {
    const detail = `A record of ${bytes.length} bytes is larger than the log takes.`;
    return fail({ code: 'body_too_large', detail });
  }
  const read = readRecord(bytes);
  if (!read.ok) {
    const id = readUnknown(bytes);
    if (id === undefined) return read;
    const shard = merged.shard ?? allShards;
    return ok({ id, kind: unknownKindNumber, shard, proof, bytes, content: undefined, stamp });
  }
  const { content, id } = read.value;
  if (content.kind === 'attestation' && attestedKind(content, context.verify) === undefined) {
    return fail({
      code: 'signature_invalid',
      detail: `The attestation ${id} does not verify for its agent and target.`,
    });
  }
  const shard = merged.shard ?? shardOfContent(content, context.shardOfTarget);
  return ok({ id, kind: kindNumber[content.kind], shard, proof, bytes, content, stamp });
};
