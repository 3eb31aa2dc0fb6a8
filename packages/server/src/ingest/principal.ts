/** Who makes a call (spec 1.2). A signer is proved by a signature on the record itself. */
import type { AgentId } from '@stemedb/model';

export type Principal =
  | { readonly type: 'node'; readonly agentId: AgentId }
  | {
      readonly type: 'key';
      readonly agentId: AgentId;
      readonly keyId: string;
      readonly role: 'reader' | 'writer' | 'admin';
      readonly prefix?: string;
    };
