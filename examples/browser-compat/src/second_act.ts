/**
 * The second act: what time and correction do to answers. Every step is a record with a fixed
 * content, so a second run finds it and tells the same story from the moments at which it was
 * recorded. What the demo retracts and replaces it restores: the answers stay as they were.
 */
import type { HlcStamp } from '@stemedb/model';
import { type CorrectionReport, showCorrection } from './correction.js';
import { type DecayReport, showDecay } from './decay.js';
import { type RetractionReport, showRetraction } from './retraction.js';
import type { Stage } from './stage.js';
import { showThenAndNow, type ThenAndNow } from './then_and_now.js';

export interface SecondActReport {
  /** As of then the older release was in force. */
  readonly between: HlcStamp;
  /** As of then all of the newer release was there, and nothing was retracted. */
  readonly complete: HlcStamp;
  readonly thenAndNow: ThenAndNow;
  readonly decay: DecayReport;
  readonly retraction: RetractionReport;
  readonly correction: CorrectionReport;
}

export async function playSecondAct(
  stage: Stage,
  duels: readonly string[],
): Promise<SecondActReport> {
  const thenAndNow = await showThenAndNow(stage);
  const decay = await showDecay(stage, thenAndNow.path);
  const retraction = await showRetraction(stage);
  const correction = await showCorrection(stage, duels);
  const { between, complete } = stage;
  return { between, complete, thenAndNow, decay, retraction, correction };
}
