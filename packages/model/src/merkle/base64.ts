/** Base64 with padding (RFC 4648 section 4), strict: every byte string has one text. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const sextets: ReadonlyMap<string, number> = new Map(
  [...alphabet].map((letter, index) => [letter, index] as const),
);
/** A repeated group would keep a way back for each of its turns, more than V8 has room for. */
const wholeText = /^[A-Za-z0-9+/]*={0,2}$/;

/** The text of these bytes. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.subarray(at, at + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += letter(bits >> 18) + letter(bits >> 12);
    text += b === undefined ? '=' : letter(bits >> 6);
    text += c === undefined ? '=' : letter(bits);
  }
  return text;
}

/** The bytes behind the text; undefined when it is not the one text of any bytes. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !wholeText.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3);
  for (let at = 0; at < text.length; at += 4) {
    let bits = 0;
    for (let i = 0; i < 4; i += 1) bits = (bits << 6) | (sextets.get(text[at + i] ?? '=') ?? 0);
    bytes.set([bits >> 16, (bits >> 8) & 0xff, bits & 0xff], (at / 4) * 3);
  }
  const found = bytes.subarray(0, bytes.length - padding);
  // Bits of the last letter that belong to no byte must be zero.
  return toBase64(found) === text ? found : undefined;
}

function letter(bits: number): string {
  return alphabet.charAt(bits & 63);
}
