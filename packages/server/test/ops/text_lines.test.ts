import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { textLines } from '../../src/ops/text_lines.js';

const cut = async (text: string, sizes: readonly number[]) => {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const size of sizes) {
      yield bytes.subarray(at, at + size);
      at += size;
    }
    yield bytes.subarray(at);
  }
  const lines: { number: number; text: string; end: number }[] = [];
  for await (const { number, bytes: line, end } of textLines(chunks())) {
    lines.push({ number, text: Buffer.from(line ?? []).toString(), end });
  }
  return lines;
};

test('numbers lines as an editor does, wherever the chunks are cut', async () => {
  const letters = fc.constantFrom('a', 'é', '\n', '\r', ' ', '日');
  await fc.assert(
    fc.asyncProperty(
      fc.array(letters).map((parts) => parts.join('')),
      fc.array(fc.nat(9)),
      async (text, sizes) => {
        let end = 0;
        const expected = text.split('\n').flatMap((line, index, all) => {
          end += Buffer.byteLength(line) + (index < all.length - 1 ? 1 : 0);
          return /^[ \t\r]*$/.test(line) ? [] : [{ number: index + 1, text: line, end }];
        });
        assert.deepEqual(await cut(text, sizes), expected);
      },
    ),
  );
});
