/**
 * The first record of a log that was restored: it commits to the log that it goes on from (spec
 * 4.4). Its kind is known to nobody who decides anything, so it is kept byte for byte and has no
 * effect (spec 4.5).
 */
import {
  type AgentId,
  canonicalBytes,
  type JsonObject,
  type NoteKey,
  parseJson,
  parseVkey,
} from '@stemedb/model';

/** What every kind that this version gives no meaning to has in a frame. */
export const unknownKindNumber = 0xff;

const kind = 'continuation';

/** The log before. */
export interface Continuation {
  readonly origin: string;
  /** The key that signed its checkpoints, as C2SP writes it. */
  readonly vkey: string;
  /** Its records when it was copied. */
  readonly size: number;
  /** Base64, of all these. */
  readonly root: string;
  /** How many of these follow from its first on, none left out: `size` unless it was set back. */
  readonly kept: number;
}

export const encodeContinuation = (
  { origin, vkey, size, root, kept }: Continuation,
  stated: { readonly agentId: AgentId; readonly assertedAtMs: number },
): Uint8Array =>
  canonicalBytes({
    ...{ kind, v: 1, agent_id: stated.agentId, asserted_at: Math.floor(stated.assertedAtMs) },
    ...{ origin, vkey, size, root, kept },
  });

/** The continuation in the bytes of a record; undefined when it is another one. */
export const readContinuation = (bytes: Uint8Array): Continuation | undefined => {
  const parsed = parseJson(bytes);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return;
  const content = parsed.value as JsonObject;
  if (content.kind !== kind || content.v !== 1) return;
  const { origin, vkey, size, root, kept } = content;
  if (typeof origin !== 'string' || typeof vkey !== 'string' || typeof root !== 'string') return;
  if (typeof size !== 'number' || typeof kept !== 'number') return;
  return { origin, vkey, size, root, kept };
};

/** The key that signed checkpoints of the log before; undefined when it states none. */
export const keyBefore = ({ origin, vkey }: Continuation): NoteKey | undefined => {
  const key = parseVkey(vkey);
  return key?.name === origin ? key : undefined;
};
