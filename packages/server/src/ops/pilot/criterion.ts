/** What a pilot has to show: what was wanted, what was measured, and whether that is enough. */
type Verdict = 'pass' | 'fail' | 'skipped';

export interface Criterion {
  readonly name: string;
  readonly wanted: string;
  /** What was found; for a skipped one, why it was skipped and how it is not. */
  readonly measured: string;
  readonly verdict: Verdict;
}

export const judged = (
  name: string,
  wanted: string,
  measured: string,
  isMet: boolean,
): Criterion => ({ name, wanted, measured, verdict: isMet ? 'pass' : 'fail' });

export const skipped = (name: string, wanted: string, why: string): Criterion => ({
  name,
  wanted,
  measured: why,
  verdict: 'skipped',
});

/** `incomplete`: nothing failed, but not all was looked at. */
export type PilotResult = 'pass' | 'fail' | 'incomplete';

export const resultOf = (criteria: readonly Criterion[], allowSkipped: boolean): PilotResult => {
  if (criteria.some(({ verdict }) => verdict === 'fail')) return 'fail';
  const isWhole = criteria.every(({ verdict }) => verdict === 'pass');
  return isWhole || allowSkipped ? 'pass' : 'incomplete';
};
