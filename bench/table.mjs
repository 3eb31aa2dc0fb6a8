// Cells as a table for a terminal, or for a document in Markdown.

/** A number with so many digits behind the point; a dash where there is none. */
export function number(value, digits = 0) {
  if (!Number.isFinite(value)) return '-';
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Rows of cells below their heads; the first `words` columns stand to the left. */
export function tableOf(heads, rows, { words = 1, isMarkdown = false } = {}) {
  const all = [heads, ...rows];
  const widths = heads.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  const cell = (text, at) => (at < words ? text.padEnd(widths[at]) : text.padStart(widths[at]));
  if (!isMarkdown) return all.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
  const line = (row) => `| ${row.join(' | ')} |`;
  const marks = heads.map((_, at) => (at < words ? '---' : '--:'));
  return [heads, marks, ...rows].map(line).join('\n');
}
