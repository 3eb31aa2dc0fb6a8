/**
 * Under which paths one concept is read (spec 7, "Aliases"): breadth-first over the aliases that
 * count, or over the proposed ones too, neighbours bytewise, at most `aliasPathsMax` paths. An
 * alias that was taken back joins nothing, however it is asked.
 *
 * Of the neighbours of a path only as many are looked at as it takes to fill the paths, and each
 * once a question, so that prefixes with many concepts on one hub cost little more than one.
 */
import type { AliasContent } from '@stemedb/model';
import type { Neighbour } from './alias_history.js';
import type { LastWords } from './direct.js';
import { aliasRefusal } from './governance.js';
import type { RecordedContent } from './record_history.js';
import type { RuleRecords } from './rule_records.js';
import { aliasPathsMax, type JoinedPaths, type RuleFacts } from './rules.js';

/** Paths whose counted neighbours one question keeps. */
const keptPathsMax = 4096;

/** The neighbours of one path that count, found as they are asked for. */
class Counted {
  readonly #neighbours: readonly Neighbour[];
  readonly #counts: (neighbour: Neighbour) => boolean;
  readonly #found: string[] = [];
  #next = 0;

  constructor(neighbours: readonly Neighbour[], counts: (neighbour: Neighbour) => boolean) {
    this.#neighbours = neighbours;
    this.#counts = counts;
  }

  /** In their order; undefined after the last. */
  at(index: number): string | undefined {
    while (this.#found.length <= index) {
      const neighbour = this.#neighbours[this.#next];
      if (neighbour === undefined) return undefined;
      this.#next += 1;
      if (this.#counts(neighbour)) this.#found.push(neighbour.path);
    }
    return this.#found[index];
  }
}

/** For one question. */
export class Aliases {
  readonly #records: RuleRecords;
  readonly #facts: RuleFacts;
  readonly #words: LastWords;
  readonly #any: boolean;
  readonly #counted = {
    effective: new Map<string, Counted>(),
    all: new Map<string, Counted>(),
  };

  constructor(records: RuleRecords, facts: RuleFacts, words: LastWords) {
    this.#records = records;
    this.#facts = facts;
    this.#words = words;
    this.#any = records.aliases.any(facts);
  }

  joined(conceptPath: string, which: 'effective' | 'all' | 'none'): JoinedPaths {
    const paths = [conceptPath];
    if (which === 'none' || !this.#any) return { paths, truncated: false };
    const seen = new Set(paths);
    for (const path of paths) {
      const counted = this.#countedAt(path, which);
      for (let at = 0, next = counted.at(at); next !== undefined; at += 1, next = counted.at(at)) {
        if (seen.has(next)) continue;
        if (paths.length === aliasPathsMax) return { paths, truncated: true };
        seen.add(next);
        paths.push(next);
      }
    }
    return { paths, truncated: false };
  }

  /** What the aliases that count join to a path directly, however many: found as it is read.
   * Undefined stands for one that is passed over. */
  *direct(path: string): Generator<string | undefined, void, void> {
    for (const neighbour of this.#records.aliases.neighbours(path)) {
      yield this.#joins(neighbour, false) ? neighbour.path : undefined;
    }
  }

  /** The rule that makes an alias a proposal; undefined when it counts. */
  refusal(alias: RecordedContent<AliasContent>): string | undefined {
    const policy = this.#records.policies.inForce(alias.stamp, this.#facts.appliedSequence);
    return aliasRefusal(policy, { agentId: alias.content.agent_id, byNode: alias.byNode });
  }

  #countedAt(path: string, which: 'effective' | 'all'): Counted {
    const kept = this.#counted[which];
    const known = kept.get(path);
    if (known !== undefined) return known;
    const joins = (neighbour: Neighbour): boolean => this.#joins(neighbour, which === 'all');
    const counted = new Counted(this.#records.aliases.neighbours(path), joins);
    if (kept.size === keptPathsMax) kept.clear();
    kept.set(path, counted);
    return counted;
  }

  #joins(neighbour: Neighbour, withProposed: boolean): boolean {
    for (const alias of neighbour.aliases(this.#facts)) {
      if (this.#words.of(alias.id) !== undefined) continue;
      if (!withProposed && this.refusal(alias) !== undefined) continue;
      return true;
    }
    return false;
  }
}
