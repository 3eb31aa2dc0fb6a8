/**
 * A drill: a copy of the log is restored into a scratch directory, served, asked and checked, and
 * every step is timed, so that the day on which it is needed is not the first time (spec 9).
 *
 * The recovery time is what passes from the first byte fetched to the first answer. The recovery
 * point is the stamp of the newest record of the copy: all that came later would have been lost.
 */
import {
  canonicalText,
  formatTime,
  type JsonValue,
  type Outcome,
  parseStamp,
  stampMs,
  zeroStamp,
} from '@stemedb/model';
import type { Clock } from '../../io/clock.js';
import type { Position } from '../../log/position.js';
import type { LogCopyFacts } from '../log_copy.js';
import type { DrawnClaim } from './drawn_claims.js';

/** A question about one pair at the recovery point. */
interface DrillQuestion {
  readonly concept_path: string;
  readonly predicate: string;
  readonly lens: string;
  readonly as_of: string;
}

/** A server that is asked. Rejects with whatever its client rejects with. */
export interface Asked {
  /** The content of a record; undefined when it is not there. */
  record(id: string): Promise<JsonValue | undefined>;
  /** The results of an answer: what may not differ between two nodes. */
  results(question: DrillQuestion): Promise<JsonValue>;
  /** How far its log has come; undefined when it does not say. */
  position(): Promise<Position | undefined>;
}

export interface DrillSteps {
  readonly clock: Clock;
  readonly facts: LogCopyFacts;
  /** Restores the log of the copy into the scratch directory; checks every file on the way. */
  restore(): Promise<Outcome<unknown>>;
  /** Serves the scratch directory: makes the store from the log. */
  serve(): Promise<Outcome<{ readonly asked: Asked; stop(): Promise<void> }>>;
  /** Claims drawn from what was restored. */
  draw(): Promise<readonly DrawnClaim[]>;
  /** Verifies the scratch directory when nothing uses it any more; a sentence for each finding. */
  verify(): Promise<readonly string[]>;
  /** The node that is in use, when it can be asked: what it said at the recovery point. */
  readonly live: Asked | undefined;
  /** Both may throw to end the drill. */
  readonly onPhase: (phase: PhaseName) => void;
  readonly onClaim?: () => void;
}

type PhaseName = 'restore' | 'start' | 'first answer' | 'questions' | 'verify';

export interface DrillReport {
  readonly verdict: 'passed' | 'failed';
  /** One sentence for each thing that is not as it must be. */
  readonly failures: readonly string[];
  readonly copy: {
    readonly what: LogCopyFacts['what'];
    readonly name: string;
    readonly database_id: string;
    readonly log_id: string;
    readonly written_at: string;
    readonly records: number;
    readonly assertions: number;
    /** Root of the tree over all records, base64. */
    readonly root: string;
  };
  readonly started_at: string;
  readonly phases: readonly { readonly phase: PhaseName; readonly seconds: number }[];
  readonly recovery_time_seconds: number;
  readonly recovery_point: {
    readonly stamp: string;
    readonly at: string;
    /** Seconds from the recovery point to the loss, or to the start of the drill. */
    readonly age_seconds: number;
    readonly measured_to: 'loss' | 'start of the drill';
    /** Records of the node in use that the copy does not have; null when that is not known. */
    readonly records_behind: number | null;
  };
  readonly questions: {
    /** Claims drawn; each is looked up by its id and asked about under every lens of the drill. */
    readonly claims: number;
    readonly asked: number;
    readonly missing: number;
    /** Answers that were compared with those of the node in use. */
    readonly compared: number;
    readonly different: number;
    /** True when the node in use stopped to answer before the end. */
    readonly live_lost: boolean;
  };
  readonly findings: number;
}

export interface DrillLimits {
  /** When the data were lost, ms; undefined measures the recovery point to the start. */
  readonly lostAtMs: number | undefined;
  readonly recoveryTimeSecondsMax: number | undefined;
  readonly recoveryPointSecondsMax: number | undefined;
}

const lenses = ['recency', 'consensus', 'layered'] as const;
/** Failures that are named one by one; the counts say how many there are. */
const namedMax = 20;

/** Runs a drill to its end. The error is of a step that could not be done at all. */
export const runDrill = async (
  steps: DrillSteps,
  limits: DrillLimits,
): Promise<Outcome<DrillReport>> => {
  const drill = new Drill(steps, limits);
  return drill.run();
};

class Drill {
  readonly #steps: DrillSteps;
  readonly #limits: DrillLimits;
  readonly #startedMs: number;
  readonly #phases: { readonly phase: PhaseName; readonly seconds: number }[] = [];
  readonly #failures: string[] = [];
  #asked = 0;
  #missing = 0;
  #compared = 0;
  #different = 0;
  #isLiveLost = false;

  constructor(steps: DrillSteps, limits: DrillLimits) {
    this.#steps = steps;
    this.#limits = limits;
    this.#startedMs = steps.clock.wallMs();
  }

  async run(): Promise<Outcome<DrillReport>> {
    const behind = await this.#recordsBehind();
    const restored = await this.#timed('restore', () => this.#steps.restore());
    if (!restored.ok) return restored;
    const served = await this.#timed('start', () => this.#steps.serve());
    if (!served.ok) return served;
    const { asked, stop } = served.value;
    let claims: readonly DrawnClaim[];
    try {
      claims = await this.#steps.draw();
      const [first] = claims;
      await this.#timed('first answer', async () => first && (await this.#ask(asked, first)));
      await this.#timed('questions', async () => {
        for (const claim of claims) await this.#check(asked, claim);
      });
    } finally {
      await stop();
    }
    const findings = await this.#timed('verify', () => this.#steps.verify());
    for (const finding of findings) this.#name(`Verification found: ${finding}`);
    return { ok: true, value: this.#report(claims.length, findings.length, behind) };
  }

  async #timed<T>(phase: PhaseName, work: () => Promise<T>): Promise<T> {
    const { clock, onPhase } = this.#steps;
    onPhase(phase);
    const startedMs = clock.monotonicMs();
    const result = await work();
    this.#phases.push({ phase, seconds: (clock.monotonicMs() - startedMs) / 1000 });
    return result;
  }

  /** The claim is there, unchanged, and each question about it has the answer that it had. */
  async #check(asked: Asked, claim: DrawnClaim): Promise<void> {
    this.#steps.onClaim?.();
    const found = await asked.record(claim.id);
    if (found === undefined || canonicalText(found) !== claim.text) {
      this.#missing += 1;
      this.#name(`The claim ${claim.id} is not there as it was written.`);
    }
    const answers = await this.#ask(asked, claim);
    this.#asked += answers.length;
    const before = await this.#askLive(claim);
    if (before === undefined) return;
    for (const [index, lens] of lenses.entries()) {
      this.#compared += 1;
      if (answers[index] === before[index]) continue;
      this.#different += 1;
      const { conceptPath, predicate } = claim;
      this.#name(
        `Under ${lens} the node in use answers "${conceptPath}" "${predicate}" otherwise.`,
      );
    }
  }

  /** Undefined without a node in use, and from the moment on at which it stopped to answer. */
  async #askLive(claim: DrawnClaim): Promise<readonly string[] | undefined> {
    const { live } = this.#steps;
    if (live === undefined || this.#isLiveLost) return undefined;
    try {
      return await this.#ask(live, claim);
    } catch {
      this.#isLiveLost = true;
      return undefined;
    }
  }

  /** Of the same log only: one that was restored counts its records anew. */
  async #recordsBehind(): Promise<number | null> {
    const { live, facts } = this.#steps;
    const position = await live?.position();
    return position?.logId === facts.logId ? position.sequence - facts.records : null;
  }

  /** The answer under each lens, as text. */
  async #ask(asked: Asked, { conceptPath, predicate }: DrawnClaim): Promise<readonly string[]> {
    const answers: string[] = [];
    for (const lens of lenses) {
      const as_of = this.#steps.facts.newestStamp;
      const question = { concept_path: conceptPath, predicate, lens, as_of };
      answers.push(canonicalText(await asked.results(question)));
    }
    return answers;
  }

  #name(failure: string): void {
    if (this.#failures.length < namedMax) this.#failures.push(failure);
  }

  #report(claims: number, findings: number, behind: number | null): DrillReport {
    const { facts } = this.#steps;
    const { lostAtMs, recoveryTimeSecondsMax, recoveryPointSecondsMax } = this.#limits;
    const atMs = stampMs(parseStamp(facts.newestStamp) ?? zeroStamp);
    const recoverySeconds = this.#phases
      .filter(({ phase }) => phase !== 'questions' && phase !== 'verify')
      .reduce((sum, { seconds }) => sum + seconds, 0);
    const ageSeconds = Math.max(0, ((lostAtMs ?? this.#startedMs) - atMs) / 1000);
    this.#hold('recovery time', recoverySeconds, recoveryTimeSecondsMax);
    this.#hold('recovery point', ageSeconds, recoveryPointSecondsMax);
    return {
      verdict: this.#failures.length === 0 ? 'passed' : 'failed',
      failures: this.#failures,
      copy: {
        what: facts.what,
        name: facts.name,
        database_id: facts.databaseId,
        log_id: facts.logId,
        written_at: formatTime(facts.writtenAtMs),
        records: facts.records,
        assertions: facts.assertions,
        root: facts.root,
      },
      started_at: formatTime(this.#startedMs),
      phases: this.#phases,
      recovery_time_seconds: recoverySeconds,
      recovery_point: {
        stamp: facts.newestStamp,
        at: formatTime(atMs),
        age_seconds: ageSeconds,
        measured_to: lostAtMs === undefined ? 'start of the drill' : 'loss',
        records_behind: behind,
      },
      questions: {
        claims,
        asked: this.#asked,
        missing: this.#missing,
        compared: this.#compared,
        different: this.#different,
        live_lost: this.#isLiveLost,
      },
      findings,
    };
  }

  #hold(what: string, seconds: number, secondsMax: number | undefined): void {
    if (secondsMax === undefined || seconds <= secondsMax) return;
    const rounded = seconds.toFixed(1);
    this.#failures.push(`The ${what} is ${rounded} s; at most ${secondsMax} s are wanted.`);
  }
}
