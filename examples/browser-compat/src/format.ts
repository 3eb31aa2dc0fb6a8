/** How the demo writes values and figures. */

export const say = (value: unknown): string => {
  if (value === undefined) return '-';
  return value === false ? 'not supported' : String(value);
};

export const day = (ms: number | undefined): string =>
  ms === undefined ? '' : new Date(ms).toISOString().slice(0, 10);

export const figure = (value: number | undefined): string =>
  value === undefined ? '-' : String(Number(value.toFixed(3)));

export const grouped = (count: number): string => count.toLocaleString('en-US');
