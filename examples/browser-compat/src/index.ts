export type { SignedSource, SignRecord } from './agents.js';
export type { CompatDataset, DroppedRow, SignedClaim } from './dataset.js';
export { openDataset, supportedSince } from './dataset.js';
export type { DemoOptions, DemoReport, PrintedConflict } from './demo.js';
export { runDemo } from './demo.js';
export type {
  DemoAnswer,
  DemoClient,
  DemoOutput,
  DemoProgress,
  DemoQuestion,
  DemoResult,
  SendResult,
} from './ports.js';
export type { Since, SourceName } from './statement.js';
