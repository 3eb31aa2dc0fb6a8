/** What an S3 service answers: pages of a listing, and errors, both as XML. */
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { type ListedObject, ObjectStoreError } from './object_store.js';

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

/** A page of ListObjectsV2; undefined when the body is none. */
export function readListPage(body: Uint8Array): ListPage | undefined {
  const root = rootOf(body);
  if (root?.name !== 'ListBucketResult') return undefined;
  const objects = childrenOf(root)
    .filter(({ name }) => name === 'Contents')
    .map((entry) => ({ key: textOf(entry, 'Key'), bytes: Number(textOf(entry, 'Size')) }));
  const next = textOf(root, 'NextContinuationToken');
  const isCut = textOf(root, 'IsTruncated') === 'true';
  if (isCut && next === '') return undefined;
  return { objects, next: isCut ? next : undefined };
}

const adviceOf: Readonly<Record<string, string>> = {
  NoSuchBucket: 'There is no such bucket; make it first.',
  InvalidAccessKeyId: 'The service does not know AWS_ACCESS_KEY_ID.',
  SignatureDoesNotMatch: 'AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID.',
  AccessDenied: 'These credentials do not allow it.',
  ExpiredToken: 'AWS_SESSION_TOKEN has expired.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong.',
  AuthorizationHeaderMalformed: 'AWS_REGION is not the region of the bucket.',
  PermanentRedirect: 'The bucket is in another region; set AWS_REGION.',
};

const faultOfCode: Readonly<Record<string, ObjectStoreError['code']>> = {
  QuotaExceeded: 'full',
  EntityTooLarge: 'invalid',
};

/** The error that an answer stands for, whatever its body. */
export function errorOfAnswer(place: string, doing: string, answer: S3Answer): ObjectStoreError {
  const root = rootOf(answer.body);
  const isError = root?.name === 'Error';
  const code = isError ? textOf(root, 'Code') : '';
  const said = [code, isError ? textOf(root, 'Message') : ''].filter((text) => text !== '');
  const advice = adviceOf[code] ?? (answer.status === 301 ? adviceOf.PermanentRedirect : undefined);
  const sentence = advice ?? (said.length > 0 ? `It says: ${said.join(', ')}.` : '');
  const text = `${place}: ${doing} was answered with ${answer.status}. ${sentence}`.trimEnd();
  return new ObjectStoreError(faultOfCode[code] ?? faultOfStatus(answer.status), text);
}

/** Tells a bucket that is not there from an object that is not there: both are answered 404. */
export function isBucketMissing(answer: S3Answer): boolean {
  const root = rootOf(answer.body);
  return root?.name === 'Error' && textOf(root, 'Code') === 'NoSuchBucket';
}

function faultOfStatus(status: number): ObjectStoreError['code'] {
  if (status === 401 || status === 403) return 'denied';
  if (status === 507) return 'full';
  if (status === 501 || status === 505) return 'invalid';
  return status >= 500 || status === 429 || status === 408 ? 'unavailable' : 'invalid';
}

function rootOf(body: Uint8Array): XmlElement | undefined {
  if (body.length === 0) return undefined;
  try {
    return parseXml(new TextDecoder().decode(body)).root ?? undefined;
  } catch {
    return undefined;
  }
}

const childrenOf = (element: XmlElement): readonly XmlElement[] =>
  element.children.filter((child) => child instanceof XmlElement);

const textOf = (element: XmlElement, name: string): string =>
  childrenOf(element).find((child) => child.name === name)?.text ?? '';
