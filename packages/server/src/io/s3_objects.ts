/**
 * Objects in a bucket of an S3-compatible service, addressed by path. A put is one request, so the
 * object is there whole or not at all; `If-None-Match: *` decides between several creators.
 */
import {
  checkKey,
  checkObjectBytes,
  isKey,
  type ListedObject,
  type ObjectStore,
  ObjectStoreError,
} from './object_store.js';
import { errorOfAnswer, isBucketMissing, readListPage } from './s3_answers.js';
import { type S3Limits, S3Requests, type S3Target } from './s3_requests.js';

export interface S3Place extends S3Target {
  readonly bucket: string;
  /** Names in front of every key, with a slash at the end; empty for none. */
  readonly prefix: string;
}

export class S3Objects implements ObjectStore {
  readonly place: string;
  readonly #target: S3Place;
  readonly #requests: S3Requests;

  constructor(target: S3Place, limits: S3Limits = {}, stop?: AbortSignal) {
    this.place = target.place;
    this.#target = target;
    this.#requests = new S3Requests(target, limits, stop);
  }

  async put(
    key: string,
    bytes: Uint8Array,
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<'stored' | 'exists'> {
    checkObjectBytes(key, bytes.length);
    const answer = await this.#requests.send({
      method: 'PUT',
      path: this.#pathOf(key),
      headers: options.ifAbsent === true ? { 'if-none-match': '*' } : {},
      body: bytes,
      expected: options.ifAbsent === true ? [412] : [],
    });
    return answer.status === 412 ? 'exists' : 'stored';
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const request = { method: 'GET', path: this.#pathOf(key), expected: [404] } as const;
    const answer = await this.#requests.send(request);
    if (answer.status !== 404) return answer.body;
    // A bucket that is missing has no objects either, but nobody means that.
    if (isBucketMissing(answer)) throw errorOfAnswer(this.place, `reading ${key}`, answer);
    return undefined;
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const { bucket, prefix: ours } = this.#target;
    let next: string | undefined;
    do {
      const query = {
        'list-type': '2',
        prefix: `${ours}${prefix}`,
        ...(next === undefined ? {} : { 'continuation-token': next }),
      };
      const request = { method: 'GET', path: `/${bucket}`, query, expected: [] } as const;
      const answer = await this.#requests.send(request);
      const page = readListPage(answer.body);
      if (page === undefined) {
        const text = `${this.place} answers a listing with something else; is it an S3 service?`;
        throw new ObjectStoreError('invalid', text);
      }
      for (const { key: whole, bytes } of page.objects) {
        const key = whole.slice(ours.length);
        if (isKey(key)) yield { key, bytes };
      }
      next = page.next;
    } while (next !== undefined);
  }

  async remove(key: string): Promise<void> {
    const path = this.#pathOf(key);
    await this.#requests.send({ method: 'DELETE', path, expected: [404] });
  }

  #pathOf(key: string): string {
    checkKey(key);
    return `/${this.#target.bucket}/${this.#target.prefix}${key}`;
  }
}
