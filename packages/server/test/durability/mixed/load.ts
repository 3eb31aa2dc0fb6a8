/**
 * Mixed writes without pause over a few connections, until the server is gone: single claims,
 * signed and not, arrays, lines of claims and of records, votes, supersessions, sources, further
 * signatures. Whoever is answered is entered in the ledger at once.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import {
  type AgentId,
  type JsonObject,
  keyPairFromSeed,
  type RecordId,
  signatureMessage,
} from '@stemedb/model';
import type { Seeded } from '../../support/seeded.js';
import type { Said, Wire } from '../../support/wire.js';
import { type Ledger, recordOf, type Sent } from './ledger.js';

interface Signer {
  readonly agentId: AgentId;
  readonly key: KeyObject;
}

const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const signers: readonly Signer[] = [1, 2, 3, 4].map((byte) => {
  const seed = Buffer.alloc(32, byte);
  const der = Buffer.concat([pkcs8Prefix, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { agentId: keyPairFromSeed(seed).agentId, key };
});

const targetsMax = 500;

/** A write as one call takes it, and every record that its acknowledgement promises. */
interface Write {
  readonly body: JsonObject;
  readonly records: readonly Sent[];
}

/** Claims of the node's own that later writes refer to. */
interface Target {
  readonly id: RecordId;
  readonly concept: string;
}

/** Tells the writes of one load from those of others. */
let loads = 0;

export class MixedLoad {
  readonly #wire: Wire;
  readonly #ledger: Ledger;
  readonly #random: Seeded;
  /** Whom the server names as the author of unsigned writes. */
  readonly #node: string;
  readonly #name = `${process.pid}-${++loads}`;
  readonly #targets: Target[] = [];
  #count = 0;

  constructor(wire: Wire, ledger: Ledger, random: Seeded, node: string) {
    this.#wire = wire;
    this.#ledger = ledger;
    this.#random = random;
    this.#node = node;
  }

  /** Writes over so many connections until the server does not answer, or it is enough. */
  async run(connections: number, isEnough: () => boolean = () => false): Promise<void> {
    const one = async (): Promise<void> => {
      while (!isEnough() && (await this.#write())) {}
    };
    await Promise.all(Array.from({ length: connections }, one));
  }

  /** One claim, whose answer is the caller's to judge. */
  async claim(): Promise<Said | undefined> {
    const { body, records } = this.#claim();
    this.#ledger.send(records);
    const said = await this.#wire.post('/v1/assert', body);
    if (said?.status === 201) this.#acknowledge(records);
    return said;
  }

  /** One source whose text has this many bytes; false when the server is gone. */
  large(bytes: number): Promise<boolean> {
    this.#count += 1;
    const fields = { title: `Large ${this.#name}-${this.#count}`, content: 'y'.repeat(bytes) };
    const uri = `https://example.org/large/${this.#name}/${this.#count}`;
    return this.#single('/v1/sources', this.#own('source', { ...fields, uri }));
  }

  #write(): Promise<boolean> {
    const fraction = this.#random.fraction();
    if (fraction < 0.3) return this.#single('/v1/assert', this.#claim());
    if (fraction < 0.5) return this.#single('/v1/assert', this.#signedClaim());
    if (fraction < 0.6) return this.#array(1 + this.#random.below(30));
    if (fraction < 0.65) return this.#lines(1 + this.#random.below(300));
    if (fraction < 0.7) return this.#records(1 + this.#random.below(60));
    if (fraction < 0.76) return this.#single('/v1/sources', this.#source());
    const [target] = this.#targets.length === 0 ? [] : [this.#random.pick(this.#targets)];
    if (target === undefined) return this.#single('/v1/assert', this.#claim());
    if (fraction < 0.86) return this.#single('/v1/vote', this.#vote(target));
    if (fraction < 0.94) return this.#single('/v1/supersede', this.#supersession(target));
    const { agentId, signature, record } = this.#signature(target.id);
    const path = `/v1/assertions/${target.id}/signatures`;
    return this.#single(path, { body: { agent_id: agentId, signature }, records: [record] });
  }

  async #single(path: string, { body, records }: Write): Promise<boolean> {
    this.#ledger.send(records);
    const said = await this.#wire.post(path, body);
    if (said === undefined) return false;
    assert.ok(said.status === 201 || said.status === 200, `${path}: ${said.text}`);
    this.#acknowledge(records);
    return true;
  }

  async #array(length: number): Promise<boolean> {
    const writes = Array.from({ length }, () => this.#anyClaim());
    const records = writes.flatMap((write) => write.records);
    this.#ledger.send(records);
    const bodies = writes.map(({ body }) => body);
    const said = await this.#wire.post('/v1/assert/batch', bodies);
    if (said === undefined) return false;
    const { refused } = answerOf(said);
    assert.equal(refused, 0, said.text);
    this.#acknowledge(records);
    return true;
  }

  #lines(length: number): Promise<boolean> {
    const writes = Array.from({ length }, () => this.#anyClaim());
    const lines = writes.map(({ body, records }) => ({ text: JSON.stringify(body), records }));
    return this.#stream('/v1/assert/batch', lines);
  }

  /** Canonical records, each signed claim after its attestation, with sources in between. */
  #records(length: number): Promise<boolean> {
    const records = Array.from({ length }, () => {
      if (this.#random.chance(0.2)) return this.#source().records;
      return [...this.#anyClaim().records].reverse();
    }).flat();
    const lines = records.map((record) => ({ text: record.text, records: [record] }));
    return this.#stream('/v1/records', lines);
  }

  async #stream(
    path: string,
    lines: readonly { readonly text: string; readonly records: readonly Sent[] }[],
  ): Promise<boolean> {
    this.#ledger.send(lines.flatMap(({ records }) => records));
    const texts = lines.map(({ text }) => text);
    const through = (count: number): void => {
      this.#acknowledge(lines.slice(0, count).flatMap(({ records }) => records));
    };
    const said = await this.#wire.postLines(path, texts, (line) => {
      const report = JSON.parse(line) as { durable_through?: number; code?: string };
      assert.equal(report.code, undefined, `${path}: ${line}`);
      if (report.durable_through !== undefined) through(report.durable_through);
    });
    if (said === undefined) return false;
    assert.match(said.text, /"type":"end"/, said.text);
    through(lines.length);
    return true;
  }

  #acknowledge(records: readonly Sent[]): void {
    this.#ledger.acknowledge(records);
    for (const { id, kind, text } of records) {
      if (kind !== 'assertion' || !text.includes(this.#node)) continue;
      const { concept_path: concept } = JSON.parse(text) as { concept_path: string };
      if (this.#targets.length < targetsMax) this.#targets.push({ id, concept });
      else this.#targets[this.#random.below(targetsMax)] = { id, concept };
    }
  }

  #anyClaim(): Write {
    return this.#random.chance(0.3) ? this.#signedClaim() : this.#claim();
  }

  #stated(author: string): JsonObject {
    this.#count += 1;
    return {
      agent_id: author,
      asserted_at: Date.now(),
      concept_path: `kill/${this.#random.below(50)}`,
      predicate: `p${this.#random.below(4)}`,
      value: `${this.#name}-${this.#count}-${'x'.repeat(this.#random.below(400))}`,
    };
  }

  #claim(): Write {
    const body = this.#stated(this.#node);
    return { body, records: [recordOf('assertion', body)] };
  }

  #signedClaim(): Write {
    const signer = this.#random.pick(signers);
    const body = this.#stated(signer.agentId);
    const claim = recordOf('assertion', body);
    const { agentId, signature, record } = this.#signature(claim.id, signer);
    const signatures = [{ agent_id: agentId, signature }];
    return { body: { ...body, signatures }, records: [claim, record] };
  }

  #signature(
    target: RecordId,
    { agentId, key }: Signer = this.#random.pick(signers),
  ): { readonly agentId: AgentId; readonly signature: string; readonly record: Sent } {
    const signature = sign(null, signatureMessage('assertion', target), key).toString('hex');
    const record = recordOf('attestation', { agent_id: agentId, target, signature });
    return { agentId, signature, record };
  }

  #source(): Write {
    this.#count += 1;
    return this.#own('source', {
      title: `Source ${this.#name}-${this.#count}`,
      uri: `https://example.org/${this.#count}`,
    });
  }

  #vote({ id }: Target): Write {
    return this.#own('vote', { target: id, weight: this.#random.below(21) / 10 - 1 });
  }

  #supersession({ id }: Target): Write {
    const action = this.#random.chance(0.5) ? 'retract' : 'restore';
    return this.#own('supersession', { target: id, action, reason: 'as the test wants it' });
  }

  #own(kind: 'source' | 'vote' | 'supersession', fields: JsonObject): Write {
    const body = { agent_id: this.#node, asserted_at: Date.now(), ...fields };
    return { body, records: [recordOf(kind, body)] };
  }
}

const answerOf = ({ status, text }: Said): { readonly refused: number } => {
  assert.ok(status === 200 || status === 201, text);
  return JSON.parse(text) as { refused: number };
};
