/** One session's calls of a server, each recorded with what was answered. */
import type { Answer, HlcStamp, JsonObject, RecordId, WriteAnswer } from '@stemedb/model';
import { resultsOf } from '../support/asker.js';
import { attestationOf, type Draft, submissionOf } from '../support/histories/cast.js';
import type { Recorder } from './recorded.js';

/** Longer than the server lets any of these calls take. */
const patienceMs = 30_000;

/** Where records of a kind are written one by one. */
const routes: Readonly<Record<string, string>> = {
  assertion: '/v1/assert',
  source: '/v1/sources',
  vote: '/v1/vote',
  epoch: '/v1/epoch',
  supersession: '/v1/supersede',
  alias: '/v1/alias',
  verdict: '/v1/verdict',
};

/** Refusals that say what a rule about other records, or the input, forbids. */
const refusals: ReadonlySet<number> = new Set([400, 403, 404, 409, 422]);

interface Replied {
  readonly status: number;
  readonly text: string;
}

export class Caller {
  readonly #session: number;
  readonly #recorder: Recorder;
  /** Where the server listens by now; it moves when the server is started again. */
  readonly #url: () => string;
  /** The position of this session's last write. */
  #position: string | undefined;

  constructor(session: number, recorder: Recorder, url: () => string) {
    this.#session = session;
    this.#recorder = recorder;
    this.#url = url;
  }

  /** True when a kind has a call that writes it. */
  static writes(draft: Draft): boolean {
    return routes[draft.kind] !== undefined || draft.kind === 'attestation';
  }

  /** Writes one record; false when the server has gone. */
  async write(draft: Draft): Promise<boolean> {
    const { path, body } = callOf(draft);
    this.#send([draft]);
    const begun = this.#recorder.tick();
    const replied = await this.#post(path, body);
    if (replied === undefined) this.#lost([draft], begun);
    else this.#answered(draft, begun, replied.status, JSON.parse(replied.text));
    return replied !== undefined;
  }

  /** Writes some assertions as one array; false when the server has gone. */
  async writeArray(drafts: readonly Draft[]): Promise<boolean> {
    this.#send(drafts);
    const begun = this.#recorder.tick();
    const replied = await this.#post(
      '/v1/assert/batch',
      drafts.map((draft) => callOf(draft).body),
    );
    if (replied === undefined) {
      this.#lost(drafts, begun);
      return false;
    }
    if (replied.status >= 300) throw new Error(`an array was answered ${replied.text}`);
    const { results } = JSON.parse(replied.text) as { results: { status: string }[] };
    for (const [at, draft] of drafts.entries()) {
      const result = results[at];
      if (result === undefined) throw new Error('an answer has too few results');
      const status = result.status === 'refused' ? 422 : 200;
      this.#answered(draft, begun, status, result);
    }
    return true;
  }

  /** Asks; undefined when the server has gone. */
  async ask(
    asked: Readonly<Record<string, string>>,
    about: { readonly isMoving: boolean; readonly asOf?: string },
  ): Promise<Answer | undefined> {
    const question = new URLSearchParams(asked);
    const whole = new URLSearchParams(question);
    if (about.asOf !== undefined) whole.set('as_of', about.asOf);
    else if (this.#position !== undefined && about.isMoving) {
      whole.set('min_position', this.#position);
    }
    const begun = this.#recorder.tick();
    const replied = await this.#get(`/v1/query?${whole}`);
    if (replied === undefined) return undefined;
    const results = resultsOf(replied);
    const answer = JSON.parse(replied.text) as Answer;
    this.#recorder.reads.push({
      session: this.#session,
      begun,
      ended: this.#recorder.tick(),
      question: `${question}`,
      isMoving: about.isMoving,
      isPast: about.asOf !== undefined,
      asOf: answer.as_of_stamp,
      isFinal: answer.final,
      results,
    });
    return answer;
  }

  /** Reads a record that was acknowledged; its stamp, or undefined when the server has gone. */
  async read(id: RecordId): Promise<HlcStamp | undefined> {
    const replied = await this.#get(`/v1/records/${id}`);
    if (replied === undefined) return undefined;
    if (replied.status !== 200) throw new Error(`acknowledged ${id} reads ${replied.text}`);
    return JSON.parse(replied.text).recorded_stamp;
  }

  #send(drafts: readonly Draft[]): void {
    for (const draft of drafts) {
      this.#recorder.sent.add(draft.id);
      if (draft.byNode || draft.kind === 'attestation') continue;
      this.#recorder.sent.add(attestationOf(draft.author, draft).id);
    }
  }

  #lost(drafts: readonly Draft[], begun: number): void {
    for (const { id } of drafts) {
      const said = { type: 'unknown' } as const;
      this.#recorder.writes.push({ session: this.#session, begun, id, said });
    }
  }

  #answered(draft: Draft, begun: number, status: number, body: object): void {
    const ended = this.#recorder.tick();
    const known = { session: this.#session, begun, id: draft.id };
    if (status === 200 || status === 201) {
      const { id, status: state, recorded_stamp: stamp, position } = body as WriteAnswer;
      if (id !== draft.id) throw new Error(`${draft.id} was acknowledged as ${id}`);
      this.#position = position;
      const said = { type: 'accepted', ended, status: state, stamp: stamp as HlcStamp } as const;
      this.#recorder.writes.push({ ...known, said });
      return;
    }
    const { code = '' } = body as { code?: string };
    if (!refusals.has(status)) throw new Error(`${draft.kind} answered ${JSON.stringify(body)}`);
    this.#recorder.writes.push({ ...known, said: { type: 'refused', ended, code } });
  }

  #post(path: string, body: unknown): Promise<Replied | undefined> {
    const headers = { 'content-type': 'application/json' };
    return this.#call(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  #get(path: string): Promise<Replied | undefined> {
    return this.#call(path, {});
  }

  /** Undefined when the connection broke: the server was killed. */
  async #call(path: string, init: RequestInit): Promise<Replied | undefined> {
    const signal = AbortSignal.timeout(patienceMs);
    try {
      const answer = await fetch(this.#url() + path, { ...init, signal });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      if (signal.aborted) throw new Error(`no answer to ${path} within ${patienceMs} ms`);
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }
}

const callOf = (draft: Draft): { readonly path: string; readonly body: object } => {
  const { content, signatures } = submissionOf(draft);
  if (draft.kind === 'attestation') {
    const { target, agent_id, signature } = draft.content;
    return { path: `/v1/assertions/${target}/signatures`, body: { agent_id, signature } };
  }
  const body = { ...(content as JsonObject), signatures };
  return { path: routes[draft.kind] ?? '', body };
};
