/**
 * Questions as they were sent, each with what it was read as. What is asked again in the same words
 * is not parsed and checked again: that costs more than to find an answer that is kept.
 */
import type { Outcome } from '@stemedb/model';
import { ok } from '@stemedb/model';
import { LRUCache } from 'lru-cache';
import type { Question } from '../query/question.js';
import { readQuestion } from './question_schema.js';

/** Questions of each form that are remembered; all together take some 13 MB at most. */
const questionsMax = 1024;
/** Bytes of one of them, as it was sent. */
const sentBytesMax = 1024;

export class AskedQuestions {
  readonly #knownTargets = new LRUCache<string, Question>({ max: questionsMax });
  /** Apart from targets: a body that reads like one is no JSON. */
  readonly #knownBodies = new LRUCache<string, Question>({ max: questionsMax });

  /** The question of a request target, whose query string `input` checks; `lens` is the path's. */
  ofTarget(target: string, input: () => Outcome<unknown>, lens?: string): Outcome<Question> {
    return this.#read(this.#knownTargets, target, input, lens);
  }

  /** The question of a body of JSON, which `input` parses and checks. */
  ofBody(body: Buffer, input: () => Outcome<unknown>): Outcome<Question> {
    const isShort = body.length <= sentBytesMax;
    const sent = isShort ? body.toString('latin1') : undefined;
    return this.#read(this.#knownBodies, sent, input, undefined);
  }

  #read(
    questions: LRUCache<string, Question>,
    sent: string | undefined,
    input: () => Outcome<unknown>,
    lens: string | undefined,
  ): Outcome<Question> {
    const isShort = sent !== undefined && sent.length <= sentBytesMax;
    const known = isShort ? questions.get(sent) : undefined;
    if (known !== undefined) return ok(known);
    const checked = input();
    if (!checked.ok) return checked;
    const question = readQuestion(checked.value, lens);
    if (question.ok && isShort) questions.set(sent, question.value);
    return question;
  }
}
