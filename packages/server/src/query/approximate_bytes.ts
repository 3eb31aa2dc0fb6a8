/** About how much memory a plain value takes: enough to bound a cache, not to account for it. */

const objectBytes = 48;
const slotBytes = 16;
const stringBytes = 24;

/** Strings count two bytes a unit. Stops counting beyond `enough`: what is more does not fit. */
export const approximateBytes = (value: unknown, enough: number): number => {
  const open: unknown[] = [value];
  let bytes = 0;
  while (open.length > 0 && bytes <= enough) {
    const next = open.pop();
    if (typeof next === 'string') bytes += stringBytes + 2 * next.length;
    else if (typeof next !== 'object' || next === null) bytes += slotBytes;
    else if (next instanceof Uint8Array) bytes += objectBytes + next.length;
    else {
      const members = Array.isArray(next) ? next : Object.values(next);
      bytes += objectBytes + slotBytes * members.length;
      for (const member of members) open.push(member);
    }
  }
  return bytes;
};
