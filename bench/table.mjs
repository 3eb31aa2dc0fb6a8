// Figures as a table: numbers to the right, nothing judged.

function round(number, digits) {
  return Number.isFinite(number) ? number.toFixed(digits) : '-';
}

function rate(number) {
  return Number.isFinite(number) ? Math.round(number).toLocaleString('en-US') : '-';
}

const columns = ['work', 'connections', 'ours/s', 'PostgreSQL/s', 'ratio', 'p50 ms', 'p99 ms'];
columns.push('PostgreSQL p50', 'p99');

/** Rows of `{work, connections, ours, peer?}` as lines of text. */
export function tableOf(rows) {
  const cells = rows.map(({ work, connections, ours, peer }) => [
    work,
    `${connections}`,
    rate(ours.rate),
    rate(peer?.rate),
    round(ours.rate / (peer?.rate ?? Number.NaN), 2),
    round(ours.p50, 2),
    round(ours.p99, 2),
    round(peer?.p50, 2),
    round(peer?.p99, 2),
  ]);
  const all = [columns, ...cells];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  const line = (row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
      .join('  ');
  return all.map(line).join('\n');
}
