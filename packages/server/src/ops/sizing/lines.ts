/**
 * Straight lines through measured points. None of them falls: what takes more bytes, candidates or
 * claims never costs less, even where the noise of a measurement says so.
 */

interface Point {
  readonly x: number;
  readonly y: number;
}

/** What something costs as a function of how large it is. */
export type Line = (x: number) => number;

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Least squares, with a slope of at least 0; never below 0. */
export const lineThrough = (points: readonly Point[]): Line => {
  const [middleX, middleY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const spread = mean(points.map(({ x }) => (x - middleX) ** 2));
  const common = mean(points.map(({ x, y }) => (x - middleX) * (y - middleY)));
  const slope = spread === 0 ? 0 : Math.max(0, common / spread);
  return (x) => Math.max(0, middleY + slope * (x - middleX));
};

/**
 * How much more something costs in a database of so many claims than in the smallest measured: 1
 * there and below, and along the logarithm of the size between the points and behind the last.
 */
export const growthOver = (points: readonly Point[]): Line => {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const [first, ...rest] = sorted;
  if (first === undefined) return () => 1;
  // No point lies below one before it.
  let highest = first.y;
  const risen = [first, ...rest].map(({ x, y }) => {
    highest = Math.max(highest, y);
    return { x: Math.log(x), y: highest / first.y };
  });
  return (size) => {
    const x = Math.log(Math.max(size, first.x));
    const after = risen.findIndex((point) => point.x >= x);
    const to = after < 0 ? risen.length - 1 : Math.max(1, after);
    const [low, high] = [risen[to - 1], risen[to]];
    if (low === undefined || high === undefined || high.x === low.x) return risen[0]?.y ?? 1;
    return low.y + ((high.y - low.y) * (x - low.x)) / (high.x - low.x);
  };
};
