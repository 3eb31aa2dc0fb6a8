/**
 * Checkpoints (C2SP tlog-checkpoint): the origin of a log, the size of its tree and the root at
 * that size, as a signed note. Lines after the third are extensions, which are signed and ignored.
 */
import type { Outcome } from '../errors.js';
import { fail, ok } from '../result.js';
import type { Ed25519Verify } from '../signature/verify.js';
import { fromBase64, toBase64 } from './base64.js';
import { isBy, type NoteKey, type NoteSigner, openNote, parseNote, signNote } from './note.js';
import type { TreeHead } from './proof.js';

/** Of an Ed25519 signature. */
const signatureBytes = 64;

/** What a node says of its log at one moment. */
export interface Checkpoint extends TreeHead {
  /** `stemedb/<database id>/<log id>`. */
  readonly origin: string;
}

/** The origin line of a log; it is also the name of the key that signs its checkpoints. */
export function originOf(databaseId: string, logId: string): string {
  return `stemedb/${databaseId}/${logId}`;
}

/** The checkpoint as a note, signed under the origin as the key's name. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  const { origin, size, root } = checkpoint;
  return signNote(`${origin}\n${size}\n${toBase64(root)}\n`, origin, signer);
}

/** The checkpoint that this key has signed; `checkpoint_invalid` for anything else. */
export function openCheckpoint(
  note: string,
  key: NoteKey,
  verify: Ed25519Verify,
): Outcome<Checkpoint> {
  const text = openNote(note, key, verify);
  if (!text.ok) return text;
  const checkpoint = parseBody(text.value);
  if (checkpoint === undefined) return refused('its text is not origin, size and root');
  if (checkpoint.origin !== key.name) return refused(`its origin is not ${key.name}`);
  return ok(checkpoint);
}

/**
 * True for a whole checkpoint that says itself that it is by another key than this one: it is of
 * another log, or the key was exchanged. Junk, a torn file and a bad signature are not that.
 */
export function isByAnotherKey(note: string, key: NoteKey): boolean {
  const parsed = parseNote(note);
  if (!parsed.ok) return false;
  const { text, lines } = parsed.value;
  const origin = parseBody(text)?.origin;
  const isWhole = lines.some(
    ({ name, signature }) => name === origin && signature.length === signatureBytes,
  );
  return isWhole && !lines.some((line) => isBy(line, key));
}

/** The origin that a note states, before anything of it is believed. */
export function statedOrigin(note: string): string | undefined {
  return parseBody(note)?.origin;
}

function parseBody(text: string): Checkpoint | undefined {
  const [origin = '', digits = '', base64 = ''] = text.split('\n');
  const root = fromBase64(base64);
  const size = Number(digits);
  if (origin === '' || !/^(?:0|[1-9][0-9]{0,15})$/.test(digits)) return undefined;
  if (root?.length !== 32 || !Number.isSafeInteger(size)) return undefined;
  return { origin, size, root };
}

function refused(why: string): Outcome<never> {
  return fail({ code: 'checkpoint_invalid', detail: `This is no valid checkpoint: ${why}.` });
}
