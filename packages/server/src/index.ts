/** What a program that embeds the server or brings a lens of its own needs. */
export { type Database, type DatabaseOptions, type Effects, openDatabase } from './bin/database.js';
export { systemEffects } from './bin/system_effects.js';
export type {
  Candidate,
  CandidateVote,
  Collection,
  Lens,
  LensQuestion,
  RankedValue,
  Resolution,
} from './lens/lens.js';
export { LensRegistry } from './lens/registry.js';
