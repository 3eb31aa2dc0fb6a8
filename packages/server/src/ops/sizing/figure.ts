/** One number of a plan, with its unit and how it was reckoned. */
type Unit =
  | 'bytes'
  | 'cores'
  | 'share'
  | 'a second'
  | 'bytes a second'
  | 'bits a second'
  | 'seconds'
  | 'ms';

export interface Figure {
  readonly label: string;
  readonly value: number;
  readonly unit: Unit;
  /** The arithmetic, with the numbers that went into it. */
  readonly how: string;
}

export const figure = (label: string, value: number, unit: Unit, how: string): Figure => ({
  label,
  value,
  unit,
  how,
});

/** A number in the arithmetic: whole where that says enough. */
export const shown = (value: number): string => {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 4;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
};

export const mebibyte = 1024 * 1024;
export const secondsOfDay = 86_400;

/** Bytes as a person reads them in the arithmetic. */
export const shownBytes = (bytes: number): string =>
  bytes >= 1024 * mebibyte
    ? `${shown(bytes / mebibyte / 1024)} GiB`
    : bytes >= mebibyte
      ? `${shown(bytes / mebibyte)} MiB`
      : `${shown(bytes)} bytes`;
