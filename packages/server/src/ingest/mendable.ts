/** Which refusals a record that comes later may mend: a stream has its records in any order. */
import type { StemeError } from '@stemedb/model';

/**
 * True when the record may be accepted once others are known: its author is proved by an
 * attestation, its target comes, or the claims come of which its parent is the last, so that the
 * parent is in another state or belongs to somebody else.
 */
export const mayBeMended = ({ code, faults }: StemeError): boolean => {
  switch (code) {
    case 'agent_not_proved':
    case 'not_found':
    case 'transition_not_allowed':
      return true;
    case 'forbidden':
      return faults?.some(({ pointer }) => pointer === '/parent') ?? false;
    default:
      return false;
  }
};
