// Percentiles, medians and spread of what was measured.

/** The value below which the given share of the sorted numbers lies. */
export function percentile(sorted, share) {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Median of a list of numbers. */
export function median(numbers) {
  return percentile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  );
}

/** Widest difference between the repeats as a share of their median; NaN of a single one. */
function spread(numbers) {
  if (numbers.length < 2) return Number.NaN;
  return (Math.max(...numbers) - Math.min(...numbers)) / median(numbers);
}

/** Median of the repeats, figure by figure, with the spread of their rates. */
export function summary(results) {
  if (results.length === 0) return undefined;
  const of = (name) => median(results.map((result) => result[name]));
  const rates = results.map(({ rate }) => rate);
  return { rate: of('rate'), p50: of('p50'), p99: of('p99'), spread: spread(rates), rates };
}
