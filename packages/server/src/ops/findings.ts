/** What a verification finds wrong: told one by one, counted, and the worst of it remembered. */

/**
 * The worst first. `altered`: the log contradicts a checkpoint. `checkpoint_invalid`: what was
 * named as one is none, which says nothing of the log. `store`: a view of the log is damaged.
 */
const severities = [
  'too_new',
  'altered',
  'damage',
  'checkpoint_invalid',
  'store',
  'torn_tail',
] as const;

export type Severity = (typeof severities)[number];

export interface Finding<Of extends Severity = Severity> {
  readonly severity: Of;
  /** Segment and byte, a file, or the table of the store. */
  readonly where: string;
  readonly detail: string;
}

export class Findings<Of extends Severity> {
  readonly #tell: (finding: Finding<Of>) => void;
  readonly #seen = new Set<Severity>();
  #count = 0;

  constructor(tell: (finding: Finding<Of>) => void) {
    this.#tell = tell;
  }

  readonly report = (finding: Finding<Of>): void => {
    this.#count += 1;
    this.#seen.add(finding.severity);
    this.#tell(finding);
  };

  get count(): number {
    return this.#count;
  }

  get worst(): Of | undefined {
    return severities.find((severity): severity is Of => this.#seen.has(severity));
  }
}
