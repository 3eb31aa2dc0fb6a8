/** Times, stamps, positions, cursors, URIs, units, paths and names: short texts from outside. */
import assert from 'node:assert/strict';
import {
  formatTime,
  makeStamp,
  nearestName,
  normalizeUri,
  parseStamp,
  parseTime,
  publicError,
  stampCounter,
  stampMs,
  stampNode,
  validateContent,
} from '@stemedb/model';
import { escapeText, escapeValue, shorten } from '../../../src/cli/escape.js';
import { formatPosition, parsePosition } from '../../../src/log/position.js';
import {
  bindingOf,
  openCursor,
  pairOfState,
  sealCursor,
} from '../../../src/query/sealed_cursor.js';
import { checkRefusal, pure, textOf, valueIn } from '../target.js';

const author = { v: 1, agent_id: 'ab'.repeat(32), asserted_at: 0 };
const claim = { kind: 'assertion', ...author, concept_path: 'a', predicate: 'p', value: 1 };
const key = new Uint8Array(32).fill(1);
const binding = bindingOf({ question: 'q' });
const nowMs = 1_780_000_000_000;
const stamp = '0'.repeat(32);
const cursor = sealCursor(key, binding, { a: ['a/b', 'p'], m: nowMs, s: stamp }, nowMs);

const checkTimes = (text: string): void => {
  const ms = parseTime(text);
  if (ms !== undefined) assert.equal(parseTime(formatTime(ms)), ms);
  const read = parseStamp(text);
  if (read !== undefined) {
    const parts = [stampMs(read), stampCounter(read), stampNode(read)] as const;
    if (Number.isSafeInteger(parts[0])) assert.equal(makeStamp(...parts), read);
  }
  const position = parsePosition(text);
  if (position !== undefined) assert.equal(formatPosition(position), text);
};

const checkCursor = (text: string, bytes: number): void => {
  const asked = { cursor: text, asOf: undefined };
  const opened = valueIn(openCursor(key, binding, asked, nowMs, pairOfState), bytes);
  if (opened === undefined) return;
  // Base64url has several spellings of one text; what they say is the same.
  assert.deepEqual(opened.place, { conceptPath: 'a/b', predicate: 'p' }, 'a forged cursor');
};

const checkNames = (text: string, bytes: number): void => {
  for (const name of ['concept_path', 'predicate', 'unit', 'source_uri', 'source_class']) {
    const content = valueIn(validateContent({ ...claim, [name]: text }), bytes);
    const error = content === undefined ? undefined : publicError(content);
    if (error !== undefined) checkRefusal(error, bytes);
    if (content === undefined || name !== 'source_uri') continue;
    const normal = normalizeUri(text);
    assert.equal(normalizeUri(normal), normal, 'the normal form has another one');
  }
  nearestName(text, ['concept_path', 'predicate', 'value', 'x'.repeat(64)]);
};

const checkShown = (text: string): void => {
  for (const shown of [escapeText(text), escapeValue(text), escapeText(shorten(text, 40))]) {
    assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u, 'a control is shown');
  }
};

export const text = pure(
  {
    name: 'text',
    seeds: [
      ...['2026-01-31T12:00:00.000Z', '1969-12-31t23:00:00.5-01:00', '2024-02-29T00:00:00+23:59'],
      ...[`${'0a'.repeat(16)}`, `${'0a'.repeat(16)}.9007199254740991`, cursor],
      ...['https://User@Ex%61mple.ORG:80/a/./b/../%7e%2f?q=%41#f', 'doi:10.1000/182', 'urn:a:..'],
      ...['mg/dL', '10*3/uL', '{annotation}', '%', 'm.s-2', 'rxnorm://1191', 'a/b c/é/日本'],
      ...['Å/가/ﬁ', 'concept-Path', 'x\u001b[31m\u202ey'],
    ],
    words: ['://', '/../', '/./', '%2E', '%2e', 'T', 'Z', '+00:00', '.', '@', ':', 'a'.repeat(600)],
    bytesMax: 20_000,
  },
  (input) => {
    const shown = textOf(input);
    checkTimes(shown);
    checkCursor(shown, input.length);
    checkNames(shown, input.length);
    checkShown(shown);
  },
);
