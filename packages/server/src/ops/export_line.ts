/**
 * The line format of an export: `{"record":{...},"stamp":"<32 hex>","proof":"signature"}`. The
 * record stands in its canonical bytes, so that an export of the same log is the same file.
 */
import {
  canonicalBytes,
  fail,
  invalidField,
  type JsonObject,
  type JsonValue,
  type Outcome,
  ok,
  parseJson,
  parseStamp,
} from '@stemedb/model';
import type { MergeRecord } from '../ingest/ingest.js';
import type { AuthorProof, LogRecord } from '../log/log.js';

const decoder = new TextDecoder('utf-8', { fatal: true });
const proofs: readonly AuthorProof[] = ['signature', 'credential', 'node'];

/** One line, with its line feed. */
export const formatExportLine = ({ bytes, stamp, proof }: LogRecord): string =>
  `{"record":${decoder.decode(bytes)},"stamp":"${stamp}","proof":"${proof}"}\n`;

const refuse = (pointer: string, detail: string): Outcome<never> =>
  fail(invalidField(pointer, detail));

const asObject = (value: JsonValue | undefined): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;

export interface ContentLine {
  readonly content: JsonObject;
  /** False for bare content. */
  readonly isExported: boolean;
}

/** The record part of an export line, or the line itself when it is bare content. */
export const readContentLine = (bytes: Uint8Array): Outcome<ContentLine> => {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const line = asObject(parsed.value);
  if (line === undefined) return refuse('', 'A line must be one JSON object.');
  if (!Object.hasOwn(line, 'record')) return ok({ content: line, isExported: false });
  const content = asObject(line.record);
  if (content === undefined) return refuse('/record', 'record must be a JSON object.');
  return ok({ content, isExported: true });
};

/** A whole export line, with the stamp and proof that a restore keeps. */
export const readExportLine = (bytes: Uint8Array): Outcome<MergeRecord> => {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const line = asObject(parsed.value);
  const record = asObject(line?.record);
  if (line === undefined || record === undefined) {
    return refuse('/record', 'An export line is {"record": {...}, "stamp": ..., "proof": ...}.');
  }
  const stamp = typeof line.stamp === 'string' ? parseStamp(line.stamp) : undefined;
  if (stamp === undefined) return refuse('/stamp', 'stamp must be 32 lower-case hex digits.');
  const proof = proofs.find((known) => known === line.proof);
  if (proof === undefined) return refuse('/proof', `proof must be one of ${proofs.join(', ')}.`);
  return ok({ bytes: canonicalBytes(record), stamp, proof });
};
