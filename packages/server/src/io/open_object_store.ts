/** The store that the text of a place means: a path, `file:///path` or `s3://bucket/prefix`. */
import { fileURLToPath } from 'node:url';
import { fail, type Outcome, ok } from '@stemedb/model';
import { DirectoryObjects } from './directory_objects.js';
import { isObjectName, type ObjectStore } from './object_store.js';
import { S3Objects } from './s3_objects.js';
import type { S3Limits } from './s3_requests.js';

export interface OpenObjectStoreOptions {
  readonly limits?: S3Limits;
  /** Ends what is waited for; every call rejects with `unavailable` from then on. */
  readonly stop?: AbortSignal;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Nothing is asked of the place yet; `invalid_configuration` says what is wrong with the text. */
export function openObjectStore(
  place: string,
  env: Environment,
  options: OpenObjectStoreOptions = {},
): Outcome<ObjectStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(place)?.[1]?.toLowerCase();
  if (place === '') return invalid('The place is empty; name a directory or s3://bucket/prefix.');
  if (scheme === undefined) return ok(new DirectoryObjects(place));
  if (scheme === 'file') return openFileUrl(place);
  if (scheme === 's3') return openS3(place, env, options);
  return invalid(`${place}: a place is a path, file:///path or s3://bucket/prefix.`);
}

function openFileUrl(place: string): Outcome<ObjectStore> {
  try {
    return ok(new DirectoryObjects(fileURLToPath(place)));
  } catch {
    return invalid(`${place} names no file of this machine; write file:///path.`);
  }
}

const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{2,62}$/;

function openS3(
  place: string,
  env: Environment,
  options: OpenObjectStoreOptions,
): Outcome<ObjectStore> {
  const [bucket = '', ...rest] = place.slice('s3://'.length).split('/');
  const names = rest.at(-1) === '' ? rest.slice(0, -1) : rest;
  if (!bucketPattern.test(bucket)) return invalid(`${place}: "${bucket}" is no name of a bucket.`);
  const wrong = names.find((name) => !isObjectName(name));
  if (wrong !== undefined) {
    return invalid(`${place}: "${wrong}" may only have letters, digits, ".", "_" and "-".`);
  }
  const missing = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].find((name) => !env[name]);
  if (missing !== undefined) return invalid(`${place} needs ${missing} in the environment.`);
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  const endpoint = readEndpoint(env, region);
  if (!endpoint.ok) return endpoint;
  const target = {
    place,
    bucket,
    prefix: names.map((name) => `${name}/`).join(''),
    endpoint: endpoint.value,
    region,
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: env.AWS_SESSION_TOKEN || undefined,
    },
  };
  return ok(new S3Objects(target, options.limits, options.stop));
}

function readEndpoint(env: Environment, region: string): Outcome<URL> {
  const name = env.AWS_ENDPOINT_URL_S3 ? 'AWS_ENDPOINT_URL_S3' : 'AWS_ENDPOINT_URL';
  const text = env[name] || `https://s3.${region}.amazonaws.com`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.pathname === '/' && url.search === '' && url.username === '';
  if (url !== undefined && isPlain && /^https?:$/.test(url.protocol)) return ok(url);
  // Not shown: it may hold a password, which is one of the things that must not stand there.
  return invalid(`${name} must be a URL such as https://s3.example.org, with nothing behind it.`);
}

function invalid(detail: string): Outcome<never> {
  return fail({ code: 'invalid_configuration', detail });
}
