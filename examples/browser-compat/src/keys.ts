/**
 * The keys of the demo. They are made from labels printed here, so anybody can sign with them: they
 * show how signing works and prove nothing.
 */
import { type AgentId, blake3, keyPairFromSeed } from '@stemedb/model';
import type { SourceName } from './statement.js';

/** The three sources; who opens epochs; who may correct others where the policy says so. */
export type KeyName = SourceName | 'curator' | 'steward';

export interface DemoKey {
  readonly agentId: AgentId;
  /** 32 bytes. */
  readonly seed: Uint8Array;
}

/** The seed of a demo key is BLAKE3 of this label, a colon, a space and its name. */
const demoKeyLabel = 'stemedb browser-compat demo, a public key pair that proves nothing';

export function demoKey(name: KeyName): DemoKey {
  const seed = blake3(new TextEncoder().encode(`${demoKeyLabel}: ${name}`));
  return { agentId: keyPairFromSeed(seed).agentId, seed };
}
