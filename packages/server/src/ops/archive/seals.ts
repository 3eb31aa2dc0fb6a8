/**
 * The keys of an encrypted archive: public ones seal what is put, secret ones open it again. The
 * library is loaded when a key is named: it takes longer than the rest of most commands.
 */
import { fail, type Outcome, ok } from '@stemedb/model';

/** Encrypts for everybody who may read the archive; undefined when it is not encrypted. */
export type Seal = (bytes: Uint8Array) => Promise<Uint8Array>;

/** Opens what was encrypted; rejects when its key is not the right one. */
export type Unseal = (bytes: Uint8Array) => Promise<Uint8Array>;

/** For the public keys in a text, separated by commas; undefined when it names none. */
export const sealFor = async (recipients: string): Promise<Outcome<Seal | undefined>> => {
  const keys = recipients.split(',').map((key) => key.trim());
  const named = keys.filter((key) => key !== '');
  if (named.length === 0) return ok(undefined);
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const key of named) {
    try {
      encrypter.addRecipient(key);
    } catch (cause) {
      // Whoever mixes the two up must not find the secret one in a log.
      const what = /^age1/.test(key) ? `"${key}"` : 'The recipient';
      const detail = `${what} is no public key of age; it begins with "age1", as age-keygen shows.`;
      return fail({ code: 'invalid_configuration', detail, cause });
    }
  }
  return ok((bytes) => encrypter.encrypt(bytes));
};

/** With the secret keys in the text of an identity file, as age-keygen writes it. */
export const unsealWith = async (path: string, text: string): Promise<Outcome<Unseal>> => {
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const invalid = (what: string, cause?: unknown): Outcome<never> =>
    fail({ code: 'invalid_configuration', detail: `The identity file ${path} ${what}.`, cause });
  if (keys.length === 0) return invalid('has no secret key of age');
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const [index, key] of keys.entries()) {
    try {
      decrypter.addIdentity(key);
    } catch (cause) {
      return invalid(`has something else than a secret key of age (key ${index + 1})`, cause);
    }
  }
  return ok((bytes) => decrypter.decrypt(bytes));
};
