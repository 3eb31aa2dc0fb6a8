/**
 * Signed requests to an S3 service, each within a time limit, and again a bounded number of times
 * when the fault is one that passes: a 429 or 5xx, a broken connection, silence.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { ObjectStoreError, objectBytesMax } from './object_store.js';
import { errorOfAnswer, type S3Answer } from './s3_answers.js';

interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

export interface S3Target {
  /** For people. */
  readonly place: string;
  /** Scheme, host and port. */
  readonly endpoint: URL;
  readonly region: string;
  readonly credentials: S3Credentials;
}

export interface S3Limits {
  /** Silence after which a try is given up, in milliseconds. */
  readonly silenceMs?: number;
  /** Tries of one request, the first included. */
  readonly triesMax?: number;
  /** Pause before the second try at most; it doubles with each. */
  readonly pauseMs?: number;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Absolute, every name of it within the characters of a key. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Answers that the caller understands beside 2xx. */
  readonly expected: readonly number[];
}

const silenceMs = 30_000;
const triesMax = 5;
const pauseMs = 250;
const pauseMsMax = 10_000;
/** How slow a line may be before an upload counts as stuck. */
const uploadBytesPerMsMin = 64;

/** What a service does not have (501, 505) it will not have at the next try. */
const lacking = (status: number): boolean => status === 501 || status === 505;

/** 409: another conditional put of the same key was under way (ConditionalRequestConflict). */
const passing = (status: number): boolean =>
  (status >= 500 && !lacking(status)) || status === 429 || status === 408 || status === 409;

export class S3Requests {
  readonly #target: S3Target;
  readonly #client: AwsClient;
  readonly #limits: Required<S3Limits>;
  readonly #stop: AbortSignal | undefined;

  constructor(target: S3Target, limits: S3Limits, stop: AbortSignal | undefined) {
    const { accessKeyId, secretAccessKey, sessionToken } = target.credentials;
    this.#target = target;
    this.#limits = { silenceMs, triesMax, pauseMs, ...limits };
    this.#stop = stop;
    this.#client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 's3',
      region: target.region,
    });
  }

  /** An answer of 2xx or one of the expected statuses; rejects with an `ObjectStoreError`. */
  async send(request: S3Request): Promise<S3Answer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#try(request);
      const isLast = tries >= this.#limits.triesMax;
      if (answer instanceof ObjectStoreError) {
        if (isLast || this.#stop?.aborted === true) throw answer;
      } else if ((answer.status >= 200 && answer.status < 300) || isExpected(request, answer)) {
        return answer;
      } else if (isLast || !passing(answer.status)) {
        throw errorOfAnswer(this.#target.place, doingOf(request), answer);
      }
      await this.#pause(tries);
    }
  }

  /** Connections that fail are values here, since most of them are followed by another try. */
  async #try(request: S3Request): Promise<S3Answer | ObjectStoreError> {
    const silence = new Silence(this.#stop);
    const bytes = request.body?.length ?? 0;
    try {
      silence.allow(this.#limits.silenceMs + bytes / uploadBytesPerMsMin);
      const answer = await fetch(await this.#signed(request), { signal: silence.signal });
      const body = await this.#read(answer, silence);
      return { status: answer.status, headers: answer.headers, body };
    } catch (error) {
      if (error instanceof ObjectStoreError) return error;
      const why = silence.isBroken
        ? `nothing came for ${this.#limits.silenceMs / 1000} s`
        : reasonOf(error);
      const { place, endpoint } = this.#target;
      const text = `${place} cannot be reached at ${endpoint.origin}: ${why}.`;
      return new ObjectStoreError('unavailable', text, error);
    } finally {
      silence.end();
    }
  }

  #signed(request: S3Request): Promise<Request> {
    const { method, path, query = {}, headers = {}, body } = request;
    const url = new URL(path, this.#target.endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    // The service refuses a body that is not the one that was signed.
    const hash = createHash('sha256')
      .update(body ?? new Uint8Array())
      .digest('hex');
    return this.#client.sign(url, {
      method,
      headers: { ...headers, 'x-amz-content-sha256': hash },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    });
  }

  async #read(answer: Response, silence: Silence): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    if (answer.body === null) return new Uint8Array();
    for await (const piece of answer.body) {
      silence.allow(this.#limits.silenceMs);
      bytes += piece.length;
      if (bytes > objectBytesMax) {
        const text = `${this.#target.place} sends more than an object may have.`;
        throw new ObjectStoreError('invalid', text);
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** Random, so that those who were turned away together do not come back together. */
  async #pause(tries: number): Promise<void> {
    const ceiling = Math.min(pauseMsMax, this.#limits.pauseMs * 2 ** (tries - 1));
    const duration = ceiling * (0.5 + Math.random() / 2);
    await sleep(duration, undefined, this.#stop ? { signal: this.#stop } : {}).catch(() => {
      throw new ObjectStoreError('unavailable', `${this.#target.place}: stopped while waiting.`);
    });
  }
}

/** Breaks a request off when nothing has come for too long, or when the program is to end. */
class Silence {
  readonly #controller = new AbortController();
  readonly #stop: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isBroken = false;

  constructor(stop: AbortSignal | undefined) {
    this.#stop = stop;
    if (stop?.aborted === true) this.#abort();
    stop?.addEventListener('abort', this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when silence is why the request ended. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  allow(durationMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isBroken = true;
      this.#abort();
    }, durationMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#stop?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort();
}

const isExpected = ({ expected }: S3Request, { status }: S3Answer): boolean =>
  expected.includes(status);

const doings = { GET: 'reading', PUT: 'writing', DELETE: 'removing' } as const;

const doingOf = ({ method, path, query }: S3Request): string =>
  query === undefined ? `${doings[method]} ${path}` : `listing ${path}`;

/** undici says no more than "fetch failed"; why stands in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) {
    return cause.errors[0].message;
  }
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
