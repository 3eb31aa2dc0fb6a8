/**
 * Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures. Anybody may add
 * a line; a reader looks at that of the key which it trusts and passes over the others. Ed25519
 * keys only (algorithm 0x01), with the strict checks that every signature here gets.
 */
import type { Outcome } from '../errors.js';
import { fromHex, toHex } from '../hash/hex.js';
import { fail, ok } from '../result.js';
import { keyPairFromSeed, signMessage } from '../signature/noble.js';
import { type Ed25519Verify, strictKey, strictSignature } from '../signature/verify.js';
import { fromBase64, toBase64 } from './base64.js';
import { sha256 } from './hash.js';

/** Who signs notes: a name without spaces and plus signs, and a public key of 32 bytes. */
export interface NoteKey {
  readonly name: string;
  readonly publicKey: Uint8Array;
}

/** A key with what signs by it: the secret stays with whoever made this. */
export interface NoteSigner {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The 64 bytes of the Ed25519 signature over a message. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** Characters of a note that are looked at; the specification lets readers have a limit. */
const noteCharactersMax = 65_536;
const algorithm = 0x01;
const keyHashBytes = 4;

const encoder = new TextEncoder();
const isControl = (code: number): boolean => code < 0x20 && code !== 0x0a;

/** The first four bytes of SHA-256(name, line feed, algorithm, key). */
function keyHash({ name, publicKey }: NoteKey): Uint8Array {
  return sha256(concat(encoder.encode(`${name}\n`), keyBytes(publicKey))).subarray(0, keyHashBytes);
}

/** The key as others write it: `<name>+<hash>+<base64 of algorithm and key>`. */
export function formatVkey(key: NoteKey): string {
  return `${key.name}+${toHex(keyHash(key))}+${toBase64(keyBytes(key.publicKey))}`;
}

/** The key behind the text; undefined when it is none, of another algorithm, or a weak one. */
export function parseVkey(text: string): NoteKey | undefined {
  const [, name, hash, base64] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? [];
  const bytes = base64 === undefined ? undefined : fromBase64(base64);
  if (name === undefined || bytes?.length !== 33 || bytes[0] !== algorithm) return undefined;
  const publicKey = strictKey(toHex(bytes.subarray(1)));
  if (publicKey === undefined) return undefined;
  const key = { name, publicKey };
  return toHex(keyHash(key)) === hash ? key : undefined;
}

/** Signs with 32 secret bytes, in pure code. */
export function pureNoteSigner(secretSeed: Uint8Array): NoteSigner {
  const { publicKey } = keyPairFromSeed(secretSeed);
  return { publicKey, sign: (message) => signMessage(message, secretSeed) };
}

/** The text, which must end with a line feed, with a signature under it. */
export function signNote(text: string, name: string, { publicKey, sign }: NoteSigner): string {
  if (!text.endsWith('\n')) throw new RangeError('a note ends with a line feed');
  const line = toBase64(concat(keyHash({ name, publicKey }), sign(encoder.encode(text))));
  return `${text}\n\u2014 ${name} ${line}\n`;
}

/** The text of a note that this key has signed; `checkpoint_invalid` when it has not. */
export function openNote(note: string, key: NoteKey, verify: Ed25519Verify): Outcome<string> {
  const parsed = parseNote(note);
  if (!parsed.ok) return parsed;
  const { text, lines } = parsed.value;
  const ours = lines.find((line) => isBy(line, key));
  if (ours === undefined) return refused(`it is not signed by ${formatVkey(key)}`);
  const signature = strictSignature(toHex(ours.signature));
  const isGood = signature !== undefined && verify(signature, encoder.encode(text), key.publicKey);
  return isGood ? ok(text) : refused('its signature does not verify');
}

/** The text and the lines of signatures under it, before anything of either is believed. */
export function parseNote(note: string): Outcome<ParsedNote> {
  if (note.length > noteCharactersMax) return refused('it is longer than a checkpoint can be');
  for (let at = 0; at < note.length; at += 1) {
    if (isControl(note.charCodeAt(at))) return refused('it holds control characters');
  }
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return refused('it has no text with signatures under it');
  const lines: SignatureLine[] = [];
  for (const text of note.slice(split + 2, -1).split('\n')) {
    const line = parseLine(text);
    if (line === undefined) return refused('a line of its signatures is malformed');
    lines.push(line);
  }
  return ok({ text: note.slice(0, split + 1), lines });
}

interface ParsedNote {
  readonly text: string;
  readonly lines: readonly SignatureLine[];
}

interface SignatureLine {
  readonly name: string;
  /** Hash of the key, hexadecimal: which of the name's keys it may be. */
  readonly hash: string;
  readonly signature: Uint8Array;
}

function parseLine(line: string): SignatureLine | undefined {
  const [, name, base64] = /^\u2014 (\S+) (\S+)$/u.exec(line) ?? [];
  const bytes = base64 === undefined ? undefined : fromBase64(base64);
  if (name === undefined || bytes === undefined || bytes.length <= keyHashBytes) return undefined;
  const hash = toHex(bytes.subarray(0, keyHashBytes));
  return { name, hash, signature: bytes.subarray(keyHashBytes) };
}

/** True when the line says that it is by this key. */
export function isBy({ name, hash }: SignatureLine, key: NoteKey): boolean {
  return name === key.name && hash === toHex(keyHash(key));
}

/** The key of an agent under a name; the agent's id is its public key. */
export function noteKeyOf(name: string, agentId: string): NoteKey {
  return { name, publicKey: fromHex(agentId) };
}

function refused(why: string): Outcome<never> {
  return fail({ code: 'checkpoint_invalid', detail: `This is no valid signed note: ${why}.` });
}

function keyBytes(publicKey: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(algorithm), publicKey);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
