import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HlcStamp } from '@stemedb/model';
import fc from 'fast-check';
import { formatExportLine, readContentLine, readExportLine } from '../../src/ops/export_line.js';

const runs = process.env.STEMEDB_SOAK === '1' ? 1_000_000 : 5_000;
const stamp = '0'.repeat(31).concat('1') as HlcStamp;

/** Something near an export line, so that the readers get beyond the first brace. */
const nearLines = fc
  .record(
    {
      record: fc.oneof(
        fc.jsonValue(),
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
      ),
      stamp: fc.oneof(fc.constant<string>(stamp), fc.jsonValue()),
      proof: fc.oneof(fc.constantFrom('node', 'signature', 'credential'), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));

const lines = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => new Uint8Array(Buffer.from(text))),
  nearLines.map((text) => new Uint8Array(Buffer.from(text))),
);

test('no bytes whatever make a reader throw', () => {
  fc.assert(
    fc.property(lines, (bytes) => {
      for (const read of [readContentLine(bytes), readExportLine(bytes)]) {
        assert.ok(read.ok || read.error.detail !== '');
      }
    }),
    { numRuns: runs },
  );
});

test('what is formatted is read back byte for byte', () => {
  const contents = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()));
  fc.assert(
    fc.property(contents, fc.constantFrom('node', 'signature', 'credential'), (content, proof) => {
      const read = readContentLine(Buffer.from(JSON.stringify({ record: content })));
      if (!read.ok) return;
      const written = readExportLine(
        Buffer.from(`{"proof":"${proof}","stamp":"${stamp}","record":${JSON.stringify(content)}}`),
      );
      assert.ok(written.ok);
      const frame = { kind: 1, shard: 0, sequence: 1, offset: 0 };
      const line = formatExportLine({ ...written.value, ...frame });
      assert.deepEqual(readExportLine(Buffer.from(line)), written);
      assert.ok(line.endsWith(`,"stamp":"${stamp}","proof":"${proof}"}\n`));
    }),
  );
});
