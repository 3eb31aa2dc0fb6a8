/**
 * The one table of errors: code, HTTP status, whether sending the same again may succeed, and the
 * sentence that names the class of fault. `docs/errors.md` is held against it by a test.
 */
import type { Result } from './result.js';

interface ErrorRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
}

const row = (status: number, title: string, retryable = false): ErrorRow => ({
  status,
  retryable,
  title,
});

export const errorTable = {
  malformed_json: row(400, 'The body is not JSON as RFC 8259 defines it.'),
  invalid_utf8: row(400, 'The body is not valid UTF-8.'),
  byte_order_mark: row(400, 'The body begins with a byte-order mark.'),
  duplicate_key: row(400, 'An object names the same key twice.'),
  forbidden_key: row(400, 'An object uses a key that is never accepted.'),
  too_deep: row(422, 'The JSON is nested deeper than allowed.'),
  malformed_request: row(400, 'The request is not valid HTTP.'),
  invalid_cursor: row(400, 'The cursor is not one that this server issued for this question.'),
  host_not_allowed: row(403, 'The Host or Origin is not allowed.'),
  forbidden: row(403, 'The principal may not do this.'),
  not_found: row(404, 'There is no such thing.'),
  method_not_allowed: row(405, 'The path exists, the method does not.'),
  conflict: row(409, 'The state does not allow this.'),
  cursor_of_other_log: row(409, 'The cursor belongs to the log of another node or restore.'),
  cursor_expired: row(410, 'The cursor is older than 24 hours.'),
  body_too_large: row(413, 'The body is larger than this call accepts.'),
  url_too_long: row(414, 'The URL is longer than allowed.'),
  unsupported_media_type: row(415, 'The content type or encoding is not accepted.'),
  invalid_field: row(422, 'A field has a value that the rules refuse.'),
  unknown_field: row(422, 'A field is not known.'),
  missing_field: row(422, 'A required field is missing.'),
  number_not_exact: row(422, 'A number would change when stored.'),
  lone_surrogate: row(422, 'A string holds half of a surrogate pair.'),
  not_nfc: row(422, 'A path is not in Unicode normalisation form C.'),
  signature_invalid: row(422, 'A signature does not verify.'),
  agent_not_proved: row(422, 'The stated agent is not the one that made this call.'),
  time_in_future: row(422, 'A time is more than five minutes ahead of this server.'),
  checkpoint_invalid: row(422, 'A checkpoint is malformed or not signed by the key expected.'),
  log_altered: row(500, 'The log is not the one that a checkpoint was signed for.'),
  signature_required: row(422, 'This server accepts signed records only.'),
  realm_mismatch: row(422, 'The record belongs to another realm.'),
  transition_not_allowed: row(409, 'The lifecycle does not allow this.'),
  headers_too_large: row(431, 'The request headers are too large.'),
  internal: row(500, 'The server failed to answer this request.'),
  behind: row(503, 'This node has not reached the position yet.', true),
  overloaded: row(503, 'As much work waits as the server takes on.', true),
  not_ready: row(503, 'The node is not ready.', true),
  log_failed: row(503, 'The log cannot be written; the node must restart.', true),
  query_timeout: row(504, 'The question took longer than allowed.'),
  request_timeout: row(408, 'The request took too long to arrive.', true),
  disk_full: row(507, 'There is not enough free space to write.'),
  too_many_dependants: row(422, 'More rests on the record than one call walks over.'),
  reader_too_slow: row(503, 'The reader of a stream took too long to take what was sent.', true),
  too_many_errors: row(422, 'More lines were refused than are reported.'),
  // Start-up and offline commands: no HTTP status of their own reaches a client.
  data_directory_unwritable: row(500, 'The data directory cannot be written.'),
  data_directory_locked: row(500, 'Another process uses the data directory.'),
  database_mismatch: row(500, 'The log and the store belong to different databases.'),
  format_too_new: row(500, 'The data were written by a newer version.'),
  log_corrupt: row(500, 'The log is damaged.'),
  copy_damaged: row(500, 'A backup or an archive is damaged.'),
  store_format: row(500, 'The store has another format and is rebuilt from the log.'),
  store_corrupt: row(500, 'The store is damaged.'),
  invalid_configuration: row(500, 'The configuration is not valid.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** One fault at one place of the input. */
export interface Fault {
  readonly code: ErrorCode;
  /** RFC 6901 pointer into the input; `''` is the whole. */
  readonly pointer: string;
  /** What is wrong and what to do, for a person. */
  readonly detail: string;
}

/** An expected error: a value, never thrown across a room's door. */
export interface StemeError {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly faults?: readonly Fault[];
  /** Extra members for the problem document, such as `nfc` for `not_nfc`. */
  readonly extra?: { readonly [key: string]: string | number | boolean };
  readonly cause?: unknown;
}

/** One fault as an error of its own. */
export const faultError = (code: ErrorCode, pointer: string, detail: string): StemeError => ({
  code,
  detail,
  faults: [{ code, pointer, detail }],
});

/** A field with a value that the rules refuse; `pointer` as in `Fault`. */
export const invalidField = (pointer: string, detail: string): StemeError =>
  faultError('invalid_field', pointer, detail);

export type Outcome<T> = Result<T, StemeError>;
