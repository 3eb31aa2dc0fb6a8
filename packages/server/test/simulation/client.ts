/** One client: takes its steps one after the other and tells the ledger what it was answered. */
import {
  type HlcStamp,
  keyPairFromSeed,
  noteKeyOf,
  type Outcome,
  openCheckpoint,
  originOf,
  type StemeError,
} from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import type { Accepted } from '../../src/ingest/ingest.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import { formatPosition } from '../../src/log/position.js';
import { type Draft, submissionOf } from '../support/histories/cast.js';
import { comparable } from '../support/questions.js';
import { auditLog } from './invariants/log.js';
import { checkProof } from './invariants/proofs.js';
import { BrokenInvariant, hold, type KeptAnswer } from './ledger.js';
import type { AskedMoment, ClientStep } from './workload.js';
import type { World } from './world.js';

/** Refusals by the gates: whether they are right is for other tests. */
const gates: ReadonlySet<string> = new Set([
  'forbidden',
  'invalid_field',
  'not_found',
  'time_in_future',
  'transition_not_allowed',
]);
/** Refusals that a fault of this life explains. */
const troubles: ReadonlySet<string> = new Set(['disk_full', 'log_failed', 'not_ready']);

const principalOf = ({ agentId }: Database) => ({ type: 'node', agentId }) as const;

export class Client {
  readonly #world: World;
  readonly #name: string;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
  }

  async run(steps: readonly ClientStep[]): Promise<void> {
    for (const step of steps) {
      this.#world.trace(`${this.#name}: ${step.type}`);
      await this.#take(step);
    }
  }

  async #take(step: ClientStep): Promise<void> {
    const { ledger } = this.#world;
    switch (step.type) {
      case 'write':
        return this.#write(step.drafts, step.how);
      case 'again': {
        const draft = ledger.drafts[step.pick % Math.max(1, ledger.drafts.length)];
        return draft === undefined ? undefined : this.#write([draft], 'alone');
      }
      case 'ask':
        return this.#ask(step);
      case 'list':
        return this.#list(step);
      case 'repeat': {
        const kept = ledger.answers[step.pick % Math.max(1, ledger.answers.length)];
        return kept === undefined ? undefined : this.repeat(kept);
      }
      case 'read': {
        const ids = [...ledger.acknowledged.keys()];
        const id = ids[step.pick % Math.max(1, ids.length)];
        return id === undefined ? undefined : this.#read(id);
      }
      case 'checkpoint':
        return this.#checkpoint();
      case 'prove': {
        const ids = [...ledger.acknowledged.keys()];
        const id = ids[step.pick % Math.max(1, ids.length)];
        if (id !== undefined) await this.call('prove', (node) => checkProof(node, ledger, id));
        return;
      }
      case 'audit':
        await this.call('audit', (node) => auditLog(node, ledger));
        return;
      case 'pause':
        return new Promise((resolve) => {
          this.#world.time.after('client', step.ms, resolve);
        });
    }
  }

  /** The value, or undefined when the node was gone before it answered. */
  async call<T>(what: string, work: (node: Database) => Promise<T>): Promise<T | undefined> {
    const called = await this.#world.call(what, work);
    return called === 'lost' ? undefined : called.value;
  }

  /** The same until the node has answered, in whichever life. */
  async settled<T>(what: string, work: (node: Database) => Promise<T>): Promise<T> {
    const called = await this.#world.call(what, work);
    return called === 'lost' ? this.settled(what, work) : called.value;
  }

  async #write(
    drafts: readonly Draft[],
    how: 'alone' | 'together' | 'twice' | 'at once',
  ): Promise<void> {
    const { ledger } = this.#world;
    const said = how === 'twice' ? [...drafts, ...drafts] : drafts;
    await this.call('write', async (node) => {
      for (const draft of said) ledger.sending(draft);
      const principal = principalOf(node);
      const submissions = said.map(submissionOf);
      if (how === 'together') {
        const outcomes = await node.ingest.submitAll(principal, submissions);
        for (const [at, draft] of said.entries()) this.#answered(node, draft, outcomes[at]);
        return;
      }
      await Promise.all(
        said.map(async (draft, at) => {
          const submission = submissions[at];
          if (submission === undefined) return;
          this.#answered(node, draft, await node.ingest.submit(principal, submission));
        }),
      );
    });
    const last = drafts.at(-1);
    // What was acknowledged is there, whoever reads and whatever has happened meanwhile.
    if (last !== undefined && ledger.acknowledged.has(last.id)) await this.#read(last.id);
  }

  #answered(node: Database, draft: Draft, outcome: Outcome<Accepted> | undefined): void {
    const world = this.#world;
    if (node !== world.database) return;
    if (outcome === undefined) throw new BrokenInvariant('a record of a call was not answered');
    if (!outcome.ok) {
      this.#refused('write', outcome.error);
      return;
    }
    const { id, status, sequence, stamp } = outcome.value;
    world.trace(`${this.#name}: ${status} ${draft.kind} ${id.slice(0, 8)} at ${sequence} ${stamp}`);
    world.note(status);
    world.acknowledged(sequence);
    world.ledger.accepted(draft, outcome.value);
    hold(node.log.durableSequence >= sequence, 'what is acknowledged is durable', () => id);
  }

  #refused(what: string, { code, detail }: StemeError): void {
    const world = this.#world;
    world.trace(`${this.#name}: ${what} refused: ${code}`);
    world.note(code);
    const isExplained =
      (what === 'write' && gates.has(code)) ||
      (troubles.has(code) && (world.hasFailed || world.isClosing));
    hold(isExplained, 'a refusal has a reason', () => `${what}: ${code}: ${detail}`);
    const isReported = code !== 'log_failed' || world.database?.writeFailure !== undefined;
    hold(isReported, 'a dead log is reported', () => detail);
  }

  async #read(id: Parameters<Database['query']['record']>[1]): Promise<void> {
    const { ledger } = this.#world;
    const place = ledger.acknowledged.get(id);
    const read = await this.call('read', (node) => node.query.record(principalOf(node), id));
    if (read === undefined) return;
    if (!read.ok && read.error.code === 'query_timeout') return;
    hold(read.ok, 'what is acknowledged is visible', () => `${id} at ${place?.sequence}`);
    const stamp = read.value.recorded_stamp;
    hold(stamp === place?.stamp, 'a record keeps its stamp', () => `${id} ${stamp}`);
  }

  /** The fields of a question that say when and how far. */
  #moment(asked: AskedMoment, ahead: number): { asOf?: HlcStamp | number; minSequence: number } {
    const { ledger, time } = this.#world;
    const minSequence = ahead === 0 ? 0 : ledger.lastSequence + ahead;
    if (asked === 'now') return { asOf: time.wallMs, minSequence };
    const earlier = ledger.answers.at(-1)?.asOf;
    if (asked === 'visible' || earlier === undefined) return { minSequence };
    return { asOf: earlier, minSequence };
  }

  async #ask(step: Extract<ClientStep, { type: 'ask' }>): Promise<void> {
    const { ledger, life } = this.#world;
    const { asOf, minSequence } = this.#moment(step.moment, step.ahead);
    const question = asOf === undefined ? step.question : { ...step.question, asOf };
    const answer = await this.call('ask', (node) =>
      node.query.ask(principalOf(node), { ...question, ...this.#position(node, minSequence) }),
    );
    if (answer === undefined) return;
    if (!answer.ok) return this.#unanswered(answer.error, minSequence);
    ledger.reachedSequence = Math.max(ledger.reachedSequence, minSequence);
    for (const { assertion } of answer.value.results) {
      if (assertion !== undefined) ledger.namedIds.add(assertion.id);
    }
    if (asOf === undefined || !answer.value.final) return;
    ledger.answers.push({ question: step.question, asOf, text: comparable(answer.value), life });
  }

  /** Asks as of the same moment: the answer must be the same, also in another life. */
  async repeat({ question, asOf, text, life }: KeptAnswer): Promise<void> {
    const answer = await this.call('repeat', (node) =>
      node.query.ask(principalOf(node), { ...question, asOf }),
    );
    if (answer === undefined) return;
    if (!answer.ok) return this.#unanswered(answer.error, 0);
    if (!answer.value.final) return;
    const again = comparable(answer.value);
    this.#world.note(life === this.#world.life ? 'repeated' : 'repeated in another life');
    hold(again === text, 'an answer as of a moment stays', () => {
      return `${JSON.stringify({ ...question, asOf })}\nwas ${text}\nis  ${again}`;
    });
  }

  async #list(step: Extract<ClientStep, { type: 'list' }>): Promise<void> {
    const { ledger, life } = this.#world;
    const { asOf, minSequence } = this.#moment(step.moment, step.ahead);
    const { kind, agentId } = step;
    const list = await this.call('list', (node) =>
      node.reads.list(principalOf(node), {
        kind,
        limit: 1000,
        ...(agentId === undefined ? {} : { agentId }),
        ...(asOf === undefined ? {} : { asOf }),
        ...this.#position(node, minSequence),
      }),
    );
    if (list === undefined) return;
    if (!list.ok) return this.#unanswered(list.error, minSequence);
    ledger.reachedSequence = Math.max(ledger.reachedSequence, minSequence);
    const { records, as_of_stamp } = list.value;
    for (const { id, recorded_stamp, record } of records) {
      if (record.kind !== 'policy') ledger.showed(id, recorded_stamp);
    }
    const ids = records.map(({ id }) => id);
    const isStated = asOf !== undefined;
    // What a failed write leaves in doubt may come to be in it, and a list does not say so.
    if (isStated && this.#world.database?.writeFailure !== undefined) return;
    ledger.lists.push({ kind, agentId, ids, asOf: as_of_stamp, isStated, minSequence, life });
  }

  #position(node: Database, sequence: number): { minPosition?: string } {
    if (sequence === 0) return {};
    return { minPosition: formatPosition({ logId: node.log.logId, sequence }) };
  }

  #unanswered({ code, detail }: StemeError, minSequence: number): void {
    const { ledger } = this.#world;
    this.#world.trace(`${this.#name}: unanswered: ${code}`);
    this.#world.note(code);
    const isExplained =
      code === 'query_timeout' ||
      (code === 'behind' && minSequence > 0) ||
      // The clock was set back behind the moment.
      (code === 'invalid_field' && detail.startsWith('as_of lies in the future'));
    hold(isExplained, 'a question is answered', () => `${code}: ${detail} ${ledger.lastSequence}`);
  }

  async #checkpoint(): Promise<void> {
    const { ledger } = this.#world;
    await this.call('checkpoint', async (node) => {
      const { nodeKeySeed, databaseId, logId } = node.identity;
      const note = await node.proofs.checkpoint();
      if (node !== this.#world.database) return;
      if (!note.ok) return this.#refused('checkpoint', note.error);
      const key = noteKeyOf(originOf(databaseId, logId), keyPairFromSeed(nodeKeySeed).agentId);
      const opened = openCheckpoint(note.value, key, sodiumVerify);
      hold(opened.ok, 'a checkpoint is signed by the node', () => note.value);
      this.#world.note('checkpoint');
      this.#world.trace(`${this.#name}: checkpoint of ${opened.value.size}`);
      ledger.checkpoints.push(opened.value);
    });
  }
}
