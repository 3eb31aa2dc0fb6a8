/** Failures of an object store as errors that a command or a server can tell. */
import { fail, type Outcome } from '@stemedb/model';
import { ObjectStoreError } from '../io/object_store.js';

/** What asked something of a store, with its failures as errors. */
export const storeErrors = async <T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    return fail({ code: codeOf[error.code], detail: error.message, cause: error });
  }
};

const codeOf = {
  denied: 'data_directory_unwritable',
  full: 'disk_full',
  unavailable: 'not_ready',
  invalid: 'invalid_configuration',
} as const satisfies Record<ObjectStoreError['code'], string>;
