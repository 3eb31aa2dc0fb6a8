import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Checkpoint,
  emptyRoot,
  formatVkey,
  fromBase64,
  isByAnotherKey,
  keyPairFromSeed,
  nobleVerify,
  noteKeyOf,
  openCheckpoint,
  originOf,
  parseVkey,
  pureNoteSigner,
  signCheckpoint,
  statedOrigin,
  toBase64,
} from '@stemedb/model';
import fc from 'fast-check';
import { openNote, signNote } from '../../src/merkle/note.js';

const seed = new Uint8Array(32).fill(5);
const signer = pureNoteSigner(seed);
const origin = originOf('0'.repeat(32), 'f'.repeat(32));
const key = noteKeyOf(origin, keyPairFromSeed(seed).agentId);
const checkpoint: Checkpoint = { origin, size: 12, root: emptyRoot };

/** The example of golang.org/x/mod/sumdb/note, whose code made the signature. */
const example = {
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  seed: 'gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=',
  text:
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n",
  line:
    '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgK' +
    'vqfqdngotpRZb6KE6RyyBwJnAM=\n',
};

test('a note that another implementation signed opens, and ours has the same bytes', () => {
  const vkey = parseVkey(example.vkey);
  assert.ok(vkey !== undefined);
  assert.equal(formatVkey(vkey), example.vkey);
  const note = `${example.text}\n${example.line}`;
  assert.deepEqual(openNote(note, vkey, nobleVerify), { ok: true, value: example.text });
  const secret = fromBase64(example.seed);
  assert.ok(secret !== undefined);
  assert.equal(signNote(example.text, 'PeterNeumann', pureNoteSigner(secret)), note);
});

test('the key of a public log is read; a key with another hash or algorithm is none', () => {
  const known = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
  assert.equal(parseVkey(known)?.name, 'sum.golang.org');
  for (const text of [
    known.replace('033de0ae', '033de0af'),
    known.replace('+Ac4', '+Bc4'),
    known.replace('sum.', 'sum '),
    known.slice(0, -1),
    `x+00000000+${toBase64(new Uint8Array(33))}`,
    '',
  ]) {
    assert.equal(parseVkey(text), undefined, text);
  }
});

test('a checkpoint opens under its key alone, and every change of it is refused', () => {
  const note = signCheckpoint(checkpoint, signer);
  assert.deepEqual(openCheckpoint(note, key, nobleVerify), { ok: true, value: checkpoint });
  assert.equal(statedOrigin(note), origin);
  const other = noteKeyOf(origin, keyPairFromSeed(new Uint8Array(32).fill(6)).agentId);
  const refused = openCheckpoint(note, other, nobleVerify);
  assert.ok(!refused.ok && refused.error.code === 'checkpoint_invalid');
  for (let at = 0; at < note.length; at += 1) {
    const letter = note[at] === 'A' ? 'B' : 'A';
    const changed = note.slice(0, at) + letter + note.slice(at + 1);
    assert.ok(!openCheckpoint(changed, key, nobleVerify).ok, `letter ${at} changed`);
    assert.ok(!openCheckpoint(note.slice(0, at), key, nobleVerify).ok, `cut at ${at}`);
  }
});

test('signatures of others beside ours are passed over, extensions are signed and ignored', () => {
  const text = `${origin}\n12\n${toBase64(emptyRoot)}\nextension\n`;
  const foreign = signNote(text, 'witness.example', pureNoteSigner(new Uint8Array(32).fill(8)));
  const ours = signNote(text, origin, signer);
  const line = foreign.slice(text.length + 1);
  const both = `${ours.slice(0, text.length + 1)}${line}${ours.slice(text.length + 1)}`;
  assert.deepEqual(openCheckpoint(both, key, nobleVerify), { ok: true, value: checkpoint });
  assert.ok(!openCheckpoint(foreign, key, nobleVerify).ok);
  assert.ok(!openCheckpoint(`${ours}garbage\n`, key, nobleVerify).ok);
});

test('a text that is not origin, size and root is no checkpoint though it is signed', () => {
  const root = toBase64(emptyRoot);
  for (const text of [
    `${origin}\n012\n${root}\n`,
    `${origin}\n-1\n${root}\n`,
    `${origin}\n9999999999999999\n${root}\n`,
    `${origin}\n12\n${root.slice(4)}\n`,
    `${origin}\n12\n`,
    `other\n12\n${root}\n`,
  ]) {
    assert.ok(!openCheckpoint(signNote(text, origin, signer), key, nobleVerify).ok, text);
  }
});

test('base64 is that of the platform, and only the one text of some bytes is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const text = toBase64(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64'));
      assert.deepEqual(fromBase64(text), bytes);
    }),
  );
  for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AAAA=', 'A-A=', 'AA AA', '====']) {
    assert.equal(fromBase64(text), undefined, text);
  }
});

test('a whole checkpoint of another key is told from one that is damaged', () => {
  const other = pureNoteSigner(new Uint8Array(32).fill(8));
  const elsewhere = originOf('1'.repeat(32), 'f'.repeat(32));
  const ours = signCheckpoint(checkpoint, signer);
  assert.ok(isByAnotherKey(signCheckpoint(checkpoint, other), key), 'the key was exchanged');
  const foreign = signCheckpoint({ ...checkpoint, origin: elsewhere }, signer);
  assert.ok(isByAnotherKey(foreign, key), 'another log');
  const text = ours.slice(0, ours.indexOf('\n\n') + 1);
  for (const note of [
    ours,
    ours.replace('\n12\n', '\n13\n'),
    '',
    'nothing',
    text,
    `${text}\n`,
    foreign.slice(0, -1),
    foreign.slice(0, -9),
    `${foreign.slice(0, -9)}\n`,
    foreign.slice(0, foreign.indexOf('\n\n') + 1),
    foreign.replace('\n12\n', '\nmany\n'),
    foreign.replace(elsewhere, 'stemedb/x/y'),
    foreign.replace('\u2014', '-'),
  ]) {
    assert.ok(!isByAnotherKey(note, key), JSON.stringify(note));
  }
});

test('base64 of any length is read or refused, and never throws', () => {
  const text = 'A'.repeat(12_000_000);
  assert.equal(fromBase64(text)?.length, 9_000_000);
  assert.equal(fromBase64(`${text}A`), undefined);
  assert.equal(statedOrigin(`a\n1\n${text}`), undefined);
});
