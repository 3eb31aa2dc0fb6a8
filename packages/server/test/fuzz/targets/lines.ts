/** Streams of lines, cut anywhere; export lines, bare content, and the small files of a node. */
import assert from 'node:assert/strict';
import { formatKeyFile, parseKeyFile } from '@stemedb/client';
import { canonicalText, toHex } from '@stemedb/model';
import { readValue, valueTypes } from '../../../src/cli/value.js';
import { LineCutter } from '../../../src/http/ndjson/lines.js';
import { readIdentity } from '../../../src/log/identity.js';
import { formatExportLine, readContentLine, readExportLine } from '../../../src/ops/export_line.js';
import { textLines } from '../../../src/ops/text_lines.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';
import { pure, textOf, valueIn } from '../target.js';

const lineBytesMax = 600;

/** Where an input is cut follows from its own bytes, so that it is always the same. */
function* piecesOf(input: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < input.length; ) {
    const length = 1 + ((input[at] ?? 0) % 37) * (1 + 20 * ((input.at(-1) ?? 0) % 5));
    yield input.slice(at, at + length);
    at += length;
  }
}

const isBlank = (line: Uint8Array): boolean => !line.some((byte) => ![9, 13, 32].includes(byte));

/** Lines with their numbers, cut the plainest way. */
const plainLines = (input: Uint8Array): readonly (readonly [number, string])[] => {
  const found: [number, string][] = [];
  let start = 0;
  for (let number = 1; start < input.length; number += 1) {
    const end = input.indexOf(10, start);
    const line = input.subarray(start, end < 0 ? input.length : end);
    if (line.length > lineBytesMax) found.push([number, 'too long']);
    else if (!isBlank(line)) found.push([number, toHex(line)]);
    if (end < 0) break;
    start = end + 1;
  }
  return found;
};

const checkCutting = async (input: Uint8Array): Promise<void> => {
  const cutter = new LineCutter(lineBytesMax);
  const lines = [...piecesOf(input)].flatMap((piece) => cutter.push(piece));
  const cut = [...lines, ...cutter.finish()].map((line) => [
    line.number,
    line.tooLong ? 'too long' : toHex(line.bytes),
  ]);
  const plain = plainLines(input);
  assert.deepEqual(cut, plain);
  const chunks = (async function* () {
    yield* piecesOf(input);
  })();
  const read: [number, string][] = [];
  for await (const { number, bytes = new Uint8Array() } of textLines(chunks)) {
    read.push([number, bytes.length > lineBytesMax ? 'too long' : toHex(bytes)]);
  }
  assert.deepEqual(read, plain);
};

const checkExport = (input: Uint8Array): void => {
  valueIn(readContentLine(input), input.length);
  const line = valueIn(readExportLine(input), input.length);
  if (line === undefined) return;
  const content = valueIn(readContentLine(input), input.length)?.content;
  assert.equal(content && canonicalText(content), textOf(line.bytes));
  const written = formatExportLine({ ...line, sequence: 1, kind: 1, shard: 0 } as never);
  assert.deepEqual(readExportLine(new TextEncoder().encode(written)), { ok: true, value: line });
};

const checkFiles = async (input: Uint8Array): Promise<void> => {
  const disk = new SimulatedDisk();
  await disk.makeDirectory('/d');
  disk.put('/d/identity', Buffer.from(input.subarray(0, 4096)));
  const identity = valueIn(await readIdentity(disk, '/d'), input.length);
  if (identity !== undefined) assert.equal(identity.nodeKeySeed.length, 32);
  const key = valueIn(parseKeyFile(textOf(input)), input.length);
  if (key !== undefined) assert.match(key.agentId, /^[0-9a-f]{64}$/);
};

const run = async (input: Uint8Array): Promise<void> => {
  await checkCutting(input);
  checkExport(input);
  await checkFiles(input);
  for (const type of valueTypes) valueIn(readValue(textOf(input), type), input.length);
};

const content = '{"agent_id":"a","concept_path":"a/b","kind":"assertion","v":1,"value":1}';

export const lines = pure(
  {
    name: 'lines',
    seeds: [
      `{"record":${content},"stamp":"${'0'.repeat(32)}","proof":"signature"}`,
      `${content}\n\n \r\n${content}\r\n[1]\n"x"`,
      formatKeyFile(new Uint8Array(32).fill(9)),
      JSON.stringify({
        version: 1,
        node_key_seed: 'ab'.repeat(32),
        node_id: 'ab'.repeat(8),
        database_id: 'ab'.repeat(16),
        log_id: 'ab'.repeat(16),
      }),
    ],
    words: ['record', 'stamp', 'proof', 'credential', 'node', 'version', '0'.repeat(32), '\n \n'],
  },
  run,
);
