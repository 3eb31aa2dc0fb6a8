/**
 * The limits of the HTTP side. Each bounds something a stranger controls; `--print-config` shows
 * them. Larger values serve bigger callers and let one of them hold more memory or sockets.
 */
export interface HttpLimits {
  /** One JSON body: an assertion's value may take 64 KiB, so this leaves room for its evidence. */
  readonly bodyBytesMax: number;
  /** A source with its content (1 MiB of text, escaped) or a batch array. */
  readonly largeBodyBytesMax: number;
  /** Assertions in one array; larger loads stream NDJSON, which has no end. */
  readonly batchItemsMax: number;
  /** One NDJSON line, the same as one JSON body. */
  readonly lineBytesMax: number;
  /** NDJSON lines decided together; more spreads one sync over more lines. */
  readonly groupLinesMax: number;
  /** What one request has under way: the lines and bytes of so many groups and lines of the
   * largest size; bounds what one stream holds in memory. */
  readonly groupsInFlightMax: number;
  /** Refused NDJSON lines that are reported one by one. */
  readonly refusalsReportedMax: number;
  /** Assertions of `POST /v1/records` that wait for their attestation. */
  readonly setAsideLinesMax: number;
  /** Bytes of those. */
  readonly setAsideBytesMax: number;
  /** Bytes of those over all connections. */
  readonly setAsideTotalBytesMax: number;
  /** Bytes of large answers that wait for their readers, over all connections. */
  readonly answersUnsentBytesMax: number;
  /** Streams of the feed that are open at the same time; further ones are refused. */
  readonly feedStreamsMax: number;
  /** A stream with nothing to say says so this often, so that neither end takes it for dead. */
  readonly feedHeartbeatMs: number;
  /** How long the reader of a stream takes nothing of what it was sent, before it is dropped. */
  readonly feedStallMs: number;
  /** The same while other streams wait for what it holds; looked at this often. */
  readonly feedYieldMs: number;
  /** Time for the last words of a stream to be taken, before its connection is cut. */
  readonly feedClosingMs: number;
  /** Signatures that one write may carry. */
  readonly signaturesMax: number;
  /** Bytes of the request line and all headers. */
  readonly headerBytesMax: number;
  /** Header fields of one request. */
  readonly headersMax: number;
  /** Bytes of the request target. */
  readonly urlBytesMax: number;
  /** Open connections; further ones are closed at once. */
  readonly connectionsMax: number;
  /** Time for the headers to arrive. */
  readonly headersTimeoutMs: number;
  /** Time for a body, or one NDJSON line, to arrive. */
  readonly requestTimeoutMs: number;
  /** An idle connection between two requests. */
  readonly keepAliveTimeoutMs: number;
  /** A connection on which nothing moves, reading or writing. */
  readonly idleTimeoutMs: number;
  /** How often overdue headers are looked for. */
  readonly sweepIntervalMs: number;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

export const httpLimits: HttpLimits = {
  bodyBytesMax: mebibyte,
  largeBodyBytesMax: 8 * mebibyte,
  batchItemsMax: 1000,
  lineBytesMax: mebibyte,
  groupLinesMax: 256,
  groupsInFlightMax: 4,
  refusalsReportedMax: 1000,
  setAsideLinesMax: 10_000,
  setAsideBytesMax: 32 * mebibyte,
  setAsideTotalBytesMax: 128 * mebibyte,
  answersUnsentBytesMax: 128 * mebibyte,
  feedStreamsMax: 256,
  feedHeartbeatMs: 15_000,
  feedStallMs: 10_000,
  feedYieldMs: 1_000,
  feedClosingMs: 2_000,
  signaturesMax: 64,
  headerBytesMax: 16 * kibibyte,
  headersMax: 100,
  urlBytesMax: 8 * kibibyte,
  connectionsMax: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  idleTimeoutMs: 60_000,
  sweepIntervalMs: 2000,
};
