/**
 * Under which paths one concept is read (spec 7, "Aliases"): breadth-first over the aliases that
 * count, or over the proposed ones too, neighbours bytewise, at most `aliasPathsMax` paths. An
 * alias that was taken back joins nothing, however it is asked.
 */
import type { AliasContent } from '@stemedb/model';
import type { LastWords } from './direct.js';
import { aliasRefusal } from './governance.js';
import type { RecordedContent } from './record_history.js';
import type { RuleRecords } from './rule_records.js';
import { aliasPathsMax, type JoinedPaths, type RuleFacts } from './rules.js';

const bytewise = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

/** For one question. */
export class Aliases {
  readonly #records: RuleRecords;
  readonly #facts: RuleFacts;
  readonly #words: LastWords;
  readonly #any: boolean;

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
      for (const neighbour of this.#neighbours(path, which === 'all')) {
        if (seen.has(neighbour)) continue;
        if (paths.length === aliasPathsMax) return { paths, truncated: true };
        seen.add(neighbour);
        paths.push(neighbour);
      }
    }
    return { paths, truncated: false };
  }

  /** What the aliases that count join to a path directly, however many: in no order, and a path
   * as often as aliases name it. */
  *direct(path: string): Generator<string, void, void> {
    if (!this.#any) return;
    for (const alias of this.#records.aliases.under(path, this.#facts)) {
      if (this.#words.of(alias.id) !== undefined || this.refusal(alias) !== undefined) continue;
      yield alias.content.a === path ? alias.content.b : alias.content.a;
    }
  }

  /** The rule that makes an alias a proposal; undefined when it counts. */
  refusal(alias: RecordedContent<AliasContent>): string | undefined {
    const policy = this.#records.policies.inForce(alias.stamp, this.#facts.appliedSequence);
    return aliasRefusal(policy, { agentId: alias.content.agent_id, byNode: alias.byNode });
  }

  #neighbours(path: string, withProposed: boolean): readonly string[] {
    const found = new Set<string>();
    for (const alias of this.#records.aliases.under(path, this.#facts)) {
      if (this.#words.of(alias.id) !== undefined) continue;
      if (!withProposed && this.refusal(alias) !== undefined) continue;
      found.add(alias.content.a === path ? alias.content.b : alias.content.a);
    }
    return [...found].sort(bytewise);
  }
}
