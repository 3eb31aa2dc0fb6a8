/** A gate's refusal of one field. */
import type { Fault, Outcome } from '@stemedb/model';
import { fail, faultError } from '@stemedb/model';

export const refuse = (code: Fault['code'], pointer: string, detail: string): Outcome<never> =>
  fail(faultError(code, pointer, detail));
