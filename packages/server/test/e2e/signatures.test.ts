/**
 * Fault 22: one verdict on a signature wherever it is looked at. The server checks it at its door,
 * the command line when it restores an export, the SDK with the model's own code.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type AgentId,
  canonicalBytes,
  fromHex,
  keyPairFromSeed,
  makeStamp,
  nobleVerify,
  type RecordId,
  recordIdOf,
  type SignatureHex,
  sign,
  toHex,
  verifySignature,
} from '@stemedb/model';
import { runCli } from '../support/cli_process.js';
import { ServerProcess } from '../support/server_process.js';
import { recordCount } from '../support/small_database.js';

const author = keyPairFromSeed(new Uint8Array(32).fill(21));
/** The neutral point: of order 1, so every signature of the form (neutral, 0) fits it. */
const neutral = `01${'00'.repeat(31)}` as AgentId;
const forged = `${neutral}${'00'.repeat(32)}` as SignatureHex;
/** L, the order of the group (RFC 8032 section 5.1). */
const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

const contentOf = (agentId: AgentId, value: string) =>
  ({
    agent_id: agentId,
    asserted_at: 1_700_000_000_000,
    concept_path: 'signed/claim',
    kind: 'assertion',
    predicate: 'says',
    v: 1,
    value,
  }) as const;

const littleNumber = (hex: string): bigint =>
  BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`);

const littleHex = (value: bigint): string =>
  Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');

const flipped = (signature: string, byte: number): string => {
  const bytes = fromHex(signature);
  bytes[byte] = (bytes[byte] ?? 0) ^ 1;
  return toHex(bytes);
};

interface Case {
  readonly name: string;
  readonly agent?: AgentId;
  readonly isGood?: true;
  /** A restore brings a signature along for whatever kind it proves. */
  readonly isRestored?: true;
  make(id: RecordId): string;
}

const good = (id: RecordId): string => sign('assertion', id, author.secretSeed);
const other = recordIdOf(canonicalBytes({ other: true }));

const cases: readonly Case[] = [
  { name: 'a good one', isGood: true, make: good },
  { name: 'a flipped bit in R', make: (id) => flipped(good(id), 3) },
  { name: 'a flipped bit in S', make: (id) => flipped(good(id), 40) },
  { name: 'cut short', make: (id) => good(id).slice(0, 126) },
  { name: 'too long', make: (id) => `${good(id)}00` },
  {
    name: 'S raised by the order of the group',
    make: (id) => {
      const text = good(id);
      return text.slice(0, 64) + littleHex(littleNumber(text.slice(64)) + order);
    },
  },
  { name: 'a key of small order', agent: neutral, make: () => forged },
  { name: 'R of small order', make: (id) => neutral + good(id).slice(64) },
  {
    name: 'made for another kind',
    isRestored: true,
    make: (id) => sign('vote', id, author.secretSeed),
  },
  { name: 'made for another record', make: () => sign('assertion', other, author.secretSeed) },
  { name: 'another agent', make: (id) => sign('assertion', id, new Uint8Array(32).fill(22)) },
];

/** What the command line says of it: the exit code of a restore of both records. */
const verdictOfCli = async (
  folder: string,
  content: ReturnType<typeof contentOf>,
  signature: string,
): Promise<boolean> => {
  const { agent_id } = content;
  const target = recordIdOf(canonicalBytes(content));
  const attestation = { agent_id, kind: 'attestation', signature, target, v: 1 };
  const lines = [attestation, content].map((record, at) => {
    const stamp = makeStamp(1_700_000_000_000, at, '0123456789abcdef');
    return JSON.stringify({ record, stamp, proof: 'signature' });
  });
  const file = join(folder, 'export.jsonl');
  await writeFile(file, `${lines.join('\n')}\n`);
  const directory = await mkdtemp(join(folder, 'data-'));
  const ran = await runCli('restore', '--from-export', file, '--data', directory);
  assert.ok(ran.exit === 0 || ran.exit === 65, ran.err);
  if (ran.exit === 0) assert.match(ran.out, /^2 restored/);
  else assert.match(ran.err, /export\.jsonl:1: (signature_invalid|invalid_field)/);
  return ran.exit === 0;
};

test('one verdict in server, command line and SDK', { timeout: 120_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stemedb-signatures-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const server = await ServerProcess.start();
  t.after(() => server.remove());
  for (const { name, agent = author.agentId, isGood = false, isRestored = isGood, make } of cases) {
    await t.test(name, async () => {
      const content = contentOf(agent, name);
      const id = recordIdOf(canonicalBytes(content));
      const signature = make(id);
      const before = await recordCount(server);
      const body = { ...content, signatures: [{ agent_id: agent, signature }] };
      const { status, body: said } = await server.post('/v1/assert', body);
      assert.equal(status, isGood ? 201 : 422, JSON.stringify(said));
      if (!isGood) {
        assert.match((said as { code: string }).code, /^(signature_invalid|invalid_field)$/);
        assert.equal(await recordCount(server), before);
      }
      const bySdk = verifySignature('assertion', id, agent, signature as SignatureHex, nobleVerify);
      assert.equal(bySdk, isGood);
      assert.equal(await verdictOfCli(folder, content, signature), isRestored);
    });
  }
});
