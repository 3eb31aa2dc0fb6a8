/**
 * Whether every object that the newest head of an archive leads to is there as it was put. Takes no
 * secret key, so the machine that writes an encrypted archive can do it; what is in the objects is
 * left to `verifyCopy`.
 */
import { fail, type Outcome, ok } from '@stemedb/model';
import { checkSigned } from '../copy_facts.js';
import { CopyDamagedError, type LogCopyFacts } from '../log_copy.js';
import { storeErrors } from '../store_errors.js';
import { chooseHead, factsOf, type OpenArchiveInput, readArchives } from './archive_copy.js';
import { folderOf } from './keys.js';
import { sealedUpTo } from './sealed_list.js';
import { loadPlain } from './stored_object.js';

export interface VerifiedObjects {
  readonly facts: LogCopyFacts;
  readonly objects: number;
  /** Of the objects. */
  readonly bytes: number;
  readonly faults: number;
}

export interface VerifyObjectsInput extends Pick<OpenArchiveInput, 'store' | 'logId'> {
  readonly onFault: (fault: CopyDamagedError) => void;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** Errors as those of `openArchiveCopy` for a head that cannot be read; all else is a fault. */
export const verifyObjects = (input: VerifyObjectsInput): Promise<Outcome<VerifiedObjects>> =>
  storeErrors(async () => {
    const { store, onFault, onProgress } = input;
    const chosen = chooseHead(input, await readArchives(store));
    if (!chosen.ok) return chosen;
    const head = chosen.value;
    const facts = factsOf(store, head);
    const signed = checkSigned({ facts, checkpoint: head.checkpoint });
    if (!signed.ok) return fail({ ...signed.error, code: 'checkpoint_invalid' });
    const folder = folderOf(head);
    const { segments, fault } = await sealedUpTo(store, folder, head.sealed);
    let faults = 0;
    const report = (error: CopyDamagedError): void => {
      faults += 1;
      onFault(error);
    };
    if (fault !== undefined) report(fault);
    const identity = head.identity === null ? [] : [head.identity];
    // The parts first: an archiver that is running may put a whole segment in their place.
    const objects = [...head.open.parts, ...segments, ...identity];
    const total = objects.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    let bytes = 0;
    for (const object of objects) {
      try {
        await loadPlain(store, folder, object);
      } catch (error) {
        if (!(error instanceof CopyDamagedError)) throw error;
        report(error);
      }
      bytes += object.storedBytes;
      onProgress(bytes, total);
    }
    return ok({ facts, objects: objects.length, bytes, faults });
  });
