/** Aligned columns and rounded sizes for people. */

/** Rows of cells as lines of aligned columns; the last column is as long as it likes. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) => {
    const cells = row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i])));
    return `  ${cells.join("  ")}\n`;
  }).join("");
}

/** A size in bytes with three digits: `"2.59 MB"`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, ["B", "kB", "MB", "GB", "TB"]);
}

/** A count with three digits: `"4.22 million"`. */
export function formatCount(count: number): string {
  return scaled(count, ["", "thousand", "million", "billion", "trillion"]);
}

function scaled(value: number, units: readonly string[]): string {
  let scale = 0;
  // 999.5 would be rounded to 1000.
  while (value >= 999.5 && scale < units.length - 1) {
    value /= 1000;
    scale++;
  }
  const digits = scale === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[scale]}`.trimEnd();
}
