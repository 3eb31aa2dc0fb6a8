/**
 * The text of an agent's key file: one JSON object, the public key beside the secret seed, so that
 * a person can see whose key it is. The file must be readable by its owner alone.
 */
import {
  type AgentId,
  fail,
  fromHex,
  keyPairFromSeed,
  type Outcome,
  ok,
  parseJson,
  toHex,
} from '@stemedb/model';

export interface AgentKey {
  readonly agentId: AgentId;
  /** 32 secret bytes (RFC 8032, 5.1.5). */
  readonly seed: Uint8Array;
}

const refuse = (detail: string): Outcome<AgentKey> =>
  fail({ code: 'invalid_configuration', detail });

/** The text to write, for a secret seed of 32 bytes. */
export const formatKeyFile = (seed: Uint8Array): string => {
  const document = {
    type: 'stemedb-agent-key',
    agent_id: keyPairFromSeed(seed).agentId,
    secret_seed: toHex(seed),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
};

/** Reads a key file; the error never repeats anything secret. */
export const parseKeyFile = (text: string): Outcome<AgentKey> => {
  const parsed = parseJson(text);
  if (!parsed.ok) return refuse(`The key file is not JSON: ${parsed.error.detail}`);
  const document = parsed.value;
  if (typeof document !== 'object' || document === null || !('secret_seed' in document)) {
    return refuse('The key file has no secret_seed; make one with `stemedb keys generate`.');
  }
  const { secret_seed: seedText, agent_id: stated } = document;
  if (typeof seedText !== 'string' || !/^[0-9a-f]{64}$/.test(seedText)) {
    return refuse('secret_seed in the key file must be 64 lower-case hex digits.');
  }
  const seed = fromHex(seedText);
  const { agentId } = keyPairFromSeed(seed);
  if (stated !== undefined && stated !== agentId) {
    return refuse('agent_id in the key file is not the public half of its secret_seed.');
  }
  return ok({ agentId, seed });
};
