export type { SignedSource } from './agents.js';
export type { CompatDataset, DroppedRow } from './dataset.js';
export { openDataset, supportedSince } from './dataset.js';
export type { DemoOptions, DemoReport } from './demo.js';
export { runDemo } from './demo.js';
export type { PrintedConflict } from './first_act.js';
export type { DemoKey, KeyName } from './keys.js';
export { demoKey } from './keys.js';
export type { Releases } from './loading.js';
export { openReleases } from './loading.js';
export type {
  DemoAnswer,
  DemoClient,
  DemoImpact,
  DemoImpacts,
  DemoOutput,
  DemoProgress,
  DemoQuestion,
  DemoResult,
  Forbidden,
  Recorded,
  SendResult,
} from './ports.js';
export type {
  SignedClaim,
  SignedRecord,
  SignedStatement,
  SignedSupersession,
  SignRecord,
} from './records.js';
export type { SecondActReport } from './second_act.js';
export type { Since, SourceName } from './statement.js';
