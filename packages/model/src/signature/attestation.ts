/** The canonical form of attestations, of which every signed record brings one. */
import { encodeUtf8 } from '../json/canonical.js';
import type { AttestationContent } from '../record.js';

/** The canonical bytes of an attestation that passed its schema. */
export function attestationBytes(content: AttestationContent): Uint8Array {
  // Its members are the same four always, and no hex digit needs an escape.
  const { agent_id: agent, signature, target } = content;
  return encodeUtf8(
    `{"agent_id":"${agent}","kind":"attestation","signature":"${signature}",` +
      `"target":"${target}","v":1}`,
  );
}
