/** A least and a fullest record of every kind. */
import {
  type AgentId,
  defaultPolicyTable,
  type RecordContent,
  type RecordId,
  type SignatureHex,
} from '@stemedb/model';
import { claim, keys } from '../support.js';

export const id = 'ab'.repeat(32) as RecordId;
const authored = { v: 1, agent_id: keys.agentId, asserted_at: 1_700_000_000_000 } as const;
const realm = 'r'.repeat(64);
const salt = '0123456789abcdef'.repeat(2);
const ids = Array.from({ length: 64 }, () => id);

export const least: readonly RecordContent[] = [
  claim,
  {
    kind: 'attestation',
    v: 1,
    agent_id: keys.agentId,
    target: id,
    signature: 'cd'.repeat(64) as SignatureHex,
  },
  { kind: 'vote', ...authored, target: id, weight: -1 },
  { kind: 'source', ...authored, title: 't', uri: 'https://example.org/' },
  { kind: 'epoch', ...authored, name: 'n' },
  { kind: 'supersession', ...authored, target: id, action: 'retract', reason: 'r' },
  { kind: 'alias', ...authored, a: 'a', b: 'b' },
  { kind: 'verdict', ...authored, target: id, outcome: 'accurate' },
  { kind: 'policy', ...authored, ...defaultPolicyTable },
];

const metadata = Object.fromEntries(
  Array.from({ length: 16 }, (_, i) => [`${i}`.padEnd(64, 'k'), 'v'.repeat(1024)]),
);

export const fullest: readonly RecordContent[] = [
  {
    ...claim,
    concept_path: `rfc://${'s/'.repeat(31)}${'\u00e9'.repeat(222)}`,
    predicate: 'p'.repeat(128),
    value: 'v'.repeat(65_536),
    unit: 'u'.repeat(32),
    confidence: 0,
    source_class: 'c'.repeat(64),
    source: id,
    source_uri: `x:${'u'.repeat(2046)}`,
    derived_from: ids,
    parent: id,
    lifecycle: 'under_review',
    epoch: id,
    metadata,
    salt,
  },
  { kind: 'vote', ...authored, realm, target: id, weight: 1, note: 'n'.repeat(4096) },
  {
    kind: 'source',
    ...authored,
    title: 't'.repeat(1024),
    uri: 'urn:x',
    content_hash: id,
    class: 'expert',
    content: '\u00e9'.repeat(524_288),
    published_at: 0,
    salt,
  },
  { kind: 'epoch', ...authored, realm, name: 'n', supersedes: ids, description: 'd' },
  {
    kind: 'supersession',
    ...authored,
    realm,
    target: id,
    action: 'replace',
    reason: 'r',
    replacement: id,
  },
  { kind: 'alias', ...authored, realm, a: '\uffee', b: '\u{1f600}', reason: 'r' },
  { kind: 'verdict', ...authored, realm, target: id, outcome: 'inaccurate', note: 'n' },
  {
    kind: 'policy',
    ...authored,
    realm,
    ...defaultPolicyTable,
    governance: 'steward',
    stewards: [keys.agentId],
    verdict_agents: [keys.agentId],
    grants: [{ agent_id: keys.agentId as AgentId, class: 'expert' }],
  },
];
