/**
 * The records that rules are made of, in memory: read at opening, added as they are written, asked
 * by questions for the past and by the gates for now.
 */
import type { AgentId, AssertionContent, RecordId } from '@stemedb/model';
import { kindNumber } from '@stemedb/model';
import type { AuthorProof, Log } from '../log/log.js';
import { RecordReader } from '../query/records.js';
import { type RulesOver, ruleFacts } from '../query/rules_over.js';
import type { ApplicableRecord, Store, StoreSnapshot } from '../store/store.js';
import { createClaimRules } from '../trust/claim_rules.js';
import {
  aliasRefusal,
  type RecordAuthor,
  supersessionRefusal,
  verdictRefusal,
} from '../trust/governance.js';
import { JudgementMemo } from '../trust/judgement_memo.js';
import { Lineage } from '../trust/lineage.js';
import { PolicyHistory } from '../trust/policy_history.js';
import { emptyRecords, type RuleRecords } from '../trust/rule_records.js';
import type { RuleFacts } from '../trust/rules.js';
import type { ChildJudgement } from '../trust/transitions.js';

/** Kinds that rules are made of. */
const ruleKinds = ['supersession', 'policy', 'epoch', 'alias', 'verdict'] as const;

export class Histories {
  readonly policies = new PolicyHistory();
  readonly #log: Log;
  readonly #store: Store;
  readonly #records: RuleRecords = emptyRecords(this.policies);
  readonly #judgements = new JudgementMemo();

  /** Throws what a damaged store or log throws. */
  constructor(log: Log, store: Store) {
    this.#log = log;
    this.#store = store;
    this.#read((snapshot, reader) => {
      for (const kind of ruleKinds) {
        for (const { id, place } of snapshot.ofKind(kindNumber[kind])) {
          const read = reader.read(id, place.stamp);
          if (read === undefined) continue;
          this.#add({ ...place, id, proof: read.proof, content: read.record.parsed });
        }
      }
    });
  }

  /** Takes in what is durable, before it is visible: no question sees a retraction too late. */
  note(records: readonly ApplicableRecord[]): void {
    for (const record of records) this.#add(record);
  }

  /** The rules for one question. */
  readonly rulesOver: RulesOver = (view) =>
    createClaimRules({
      records: this.#records,
      facts: ruleFacts(view.snapshot, view.reader, view.asOf),
      turn: view.turn,
      judgements: this.#judgements,
      ...(view.assume === undefined ? {} : { assume: view.assume }),
    });

  /** The rule that keeps an agent from superseding a record now; undefined when none does, and
   * when the record is not known. */
  supersessionRefusal(target: RecordId, author: AgentId): string | undefined {
    return this.#now((facts) => {
      const policy = this.policies.inForce(facts.asOf);
      const refusalOf = (id: RecordId): string | undefined => {
        const owner = facts.author(id);
        return owner === undefined ? undefined : supersessionRefusal(policy, author, owner);
      };
      const refusal = refusalOf(target);
      if (refusal === undefined) return undefined;
      const first = new Lineage(this.policies, facts).transitionsOf(target).at(-1);
      if (first === undefined || refusalOf(first) !== undefined) return refusal;
      const instead = `It carries ${first} on into another state, and falls with it`;
      return `${refusal} ${instead}: supersede ${first} instead.`;
    });
  }

  /** How a claim that is being written would stand: to its parent, or as a new claim when it has
   * none that is known; a `refusal` is answered as its code says. */
  judgeClaim(content: AssertionContent, byNode: boolean): ChildJudgement {
    return this.#now((facts) => {
      const author = { agentId: content.agent_id, byNode };
      return new Lineage(this.policies, facts).judge({ content, author });
    });
  }

  /** Why an alias by this author would only be proposed. */
  aliasRefusal(author: RecordAuthor): string | undefined {
    return aliasRefusal(this.policies.inForce(this.#store.visibleStamp), author);
  }

  /** Why a verdict by this author would not count. */
  verdictRefusal(author: AgentId): string | undefined {
    return verdictRefusal(this.policies.inForce(this.#store.visibleStamp), author);
  }

  #add(record: {
    readonly id: RecordId;
    readonly stamp: ApplicableRecord['stamp'];
    readonly sequence: number;
    readonly proof: AuthorProof;
    readonly content: ApplicableRecord['content'];
  }): void {
    const { id, stamp, sequence, content } = record;
    const recorded = { id, stamp, sequence, byNode: record.proof === 'node' };
    switch (content?.kind) {
      case 'supersession':
        this.#records.supersessions.add({ ...recorded, content });
        break;
      case 'policy':
        this.policies.add({ ...recorded, content });
        break;
      case 'epoch':
        this.#records.epochs.add({ ...recorded, content });
        break;
      case 'alias':
        this.#records.aliases.add({ ...recorded, content });
        break;
      case 'verdict':
        this.#records.verdicts.add({ ...recorded, content });
        break;
      default:
    }
    this.#judgements.note(record);
  }

  /** The facts as of now, over a view of the store that is released after. */
  #now<T>(read: (facts: RuleFacts) => T): T {
    return this.#read((snapshot, reader) =>
      read(ruleFacts(snapshot, reader, snapshot.visibleStamp)),
    );
  }

  #read<T>(read: (snapshot: StoreSnapshot, reader: RecordReader) => T): T {
    const snapshot = this.#store.snapshot();
    try {
      return read(snapshot, new RecordReader(this.#log, snapshot));
    } finally {
      snapshot.release();
    }
  }
}
