/**
 * Questions as they were sent, each with what it was read as. What is asked again in the same words
 * is not parsed and checked again: that costs more than to find an answer that is kept.
 */
import type { Outcome } from '@stemedb/model';
import { ok } from '@stemedb/model';
import { LRUCache } from 'lru-cache';
import type { Question } from '../query/question.js';
import { readQuestion } from './question_schema.js';

/** Questions that are remembered, together at most some MiB. */
const questionsMax = 1024;
/** Bytes of one of them, as it was sent. */
const sentBytesMax = 1024;

export class AskedQuestions {
  readonly #known = new LRUCache<string, Question>({ max: questionsMax });

  /** The question of a request target, whose query string `input` checks; `lens` is the path's. */
  ofTarget(target: string, input: () => Outcome<unknown>, lens?: string): Outcome<Question> {
    return this.#read(target, input, lens);
  }

  /** The question of a body of JSON, which `input` parses and checks */
  ofBody(body: Buffer, input: () => Outcome<unknown>): Outcome<Question> {
    const isShort = body.length <= sentBytesMax;
    return this.#read(isShort ? body.toString('latin1') : undefined, input, undefined);
  }

  #read(
    sent: string | undefined,
    input: () => Outcome<unknown>,
    lens: string | undefined,
  ): Outcome<Question> {
    const isShort = sent !== undefined && sent.length <= sentBytesMax;
    const known = isShort ? this.#known.get(sent) : undefined;
    if (known !== undefined) return ok(known);
    const checked = input();
    if (!checked.ok) return checked;
    const question = readQuestion(checked.value, lens);
    if (question.ok && isShort) this.#known.set(sent, question.value);
    return question;
  }
}
