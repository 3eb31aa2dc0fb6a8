/** Where two JSON texts part: answers are too long to be shown whole. */

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 200);

const isBranch = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const find = (one: unknown, other: unknown, path: string): string | undefined => {
  if (!isBranch(one) || !isBranch(other)) {
    return one === other ? undefined : `${path}: ${shown(one)} instead of ${shown(other)}`;
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = find(one[key], other[key], `${path}/${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The first member that differs, as a sentence. */
export const firstDifference = (one: string, other: string): string =>
  find(JSON.parse(one), JSON.parse(other), '') ?? 'the order of members';
