export type {
  Answer,
  AnswerConstraint,
  AnswerResult,
  AnswerTier,
  AnswerValue,
  AnswerWarning,
  AssertionDetail,
  ConsistencyProof,
  FeedPage,
  FeedRecord,
  Impact,
  ImpactAnswer,
  InclusionProof,
  ListedRecord,
  ProvDocument,
  RecordList,
  StatedRecord,
  TraceAnswer,
  TraceEdge,
  TrustAnswer,
  WriteAnswer,
} from '@stemedb/model';
export type {
  BulkAnswer,
  ConstraintsInput,
  HealthAnswer,
  LogKey,
  QuestionInput,
  RefusedLine,
} from './answer.js';
export type { BulkOptions } from './bulk.js';
export { linesPerRequestMax } from './bulk.js';
export type { CallOptions, ReadOptions } from './calls.js';
export type { DetailOptions, StemeClientOptions } from './client.js';
export { StemeClient } from './client.js';
export type { ClientErrorCode } from './error.js';
export { StemeClientError } from './error.js';
export type { FeedFilter, FeedOptions, FeedPageOptions } from './feed.js';
export type {
  AliasInput,
  AssertionInput,
  EpochInput,
  RetractionInput,
  SignatureInput,
  SourceInput,
  SupersessionInput,
  TimeInput,
  VerdictInput,
  VoteInput,
} from './input.js';
export type { ClientClock } from './io/system.js';
export { systemClock } from './io/system.js';
export type { AgentKey } from './key_file.js';
export { formatKeyFile, parseKeyFile } from './key_file.js';
export type { ListedKind } from './kinds.js';
export type {
  FilterOf,
  ImpactOptions,
  ImpactPageOptions,
  ListOptions,
  PageOptions,
} from './listing.js';
export type { RetryPolicy } from './retry.js';
export { defaultRetry } from './retry.js';
export type { LocalSigner, Signer } from './signer.js';
export { signerFromSeed } from './signer.js';
export type { TraceOptions } from './trace.js';
export type { Fetch } from './transport.js';
