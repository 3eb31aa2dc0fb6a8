/** Reading of bytes that this node wrote and whose checksum held: no checks are repeated. */
import type { JsonValue, RecordContent } from '../record.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The content in canonical bytes from our own log. Throws on bytes that are not JSON, which behind
 * a checksum is a broken invariant.
 */
export function decodeStored(bytes: Uint8Array): RecordContent {
  return JSON.parse(decoder.decode(bytes)) as RecordContent;
}

/** The value in JSON text that this process composed itself. */
export function decodeComposed(bytes: Uint8Array): JsonValue {
  return JSON.parse(decoder.decode(bytes)) as JsonValue;
}
