import type { RecordContent, RecordId } from '@stemedb/model';
import type { Submission } from './ingest.js';
import type { Principal } from './principal.js';

/** A record that is right in itself, with the id that its signatures must be over. */
export interface Identified {
  readonly principal: Principal;
  readonly submission: Submission;
  readonly content: RecordContent;
  readonly bytes: Uint8Array;
  readonly id: RecordId;
}
