/** Lower-case hexadecimal, and the parsers of the hexadecimal brands. */
import type { AgentId, HlcStamp, RecordId, SignatureHex } from '../brand.js';

const pairs: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** Two lower-case hex digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += pairs[byte];
  return out;
}

/** The bytes of lower-case hex; throws on anything else, so check strangers' text first. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0) throw new RangeError('hex needs two digits a byte');
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = (digit(hex.charCodeAt(2 * i)) << 4) | digit(hex.charCodeAt(2 * i + 1));
  }
  return bytes;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  throw new RangeError('hex digits are 0-9 and a-f');
}

const hex32 = /^[0-9a-f]{32}$/;
const hex64 = /^[0-9a-f]{64}$/;
const hex128 = /^[0-9a-f]{128}$/;

/** `text` as a record id when it is 64 lower-case hex digits. */
export function parseRecordId(text: string): RecordId | undefined {
  return hex64.test(text) ? (text as RecordId) : undefined;
}

/** `text` as an agent id when it is 64 lower-case hex digits; the curve point is not checked. */
export function parseAgentId(text: string): AgentId | undefined {
  return hex64.test(text) ? (text as AgentId) : undefined;
}

/** `text` as a signature when it is 128 lower-case hex digits. */
export function parseSignature(text: string): SignatureHex | undefined {
  return hex128.test(text) ? (text as SignatureHex) : undefined;
}

/** `text` as a hybrid logical clock stamp when it is 32 lower-case hex digits. */
export function parseStamp(text: string): HlcStamp | undefined {
  return hex32.test(text) ? (text as HlcStamp) : undefined;
}
