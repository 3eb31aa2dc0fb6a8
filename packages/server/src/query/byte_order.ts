/** The order of answers: that of the UTF-8 bytes. */

/** Differs from the order of UTF-16 units above the basic plane. */
export const compareBytes = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

/** Texts in bytewise order. */
export const inByteOrder = (texts: Iterable<string>): readonly string[] =>
  [...texts].sort(compareBytes);
