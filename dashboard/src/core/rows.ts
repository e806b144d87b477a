// Rows of reports: which of them are sums of the others, and the values of a column.

export type Cell = string | number | boolean | null | readonly Cell[];
export type Row = Readonly<Record<string, Cell>>;

const FOOTERS = new Set(['(attributed)', '(unattributed)', '(total)']);

/** Returns what a row is about: its first text, which for sums is `(total)` and the like. */
export function labelOf(row: Row): string | null {
  const first = Object.values(row).find((value) => value !== null);
  return typeof first === 'string' ? first : null;
}

/** Says whether a row sums others: its first value that is not empty is `(total)` or the like. */
export function isFooter(row: Row): boolean {
  const label = labelOf(row);
  return label !== null && FOOTERS.has(label);
}

/** Parts the rows of a report into those of things and those that sum them. */
export function splitFooters(rows: readonly Row[]): { body: Row[]; footers: Row[] } {
  const body: Row[] = [];
  const footers: Row[] = [];
  for (const row of rows) (isFooter(row) ? footers : body).push(row);
  return { body, footers };
}

/** A number of a row; 0 where there is none. */
export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column];
  return typeof value === 'number' ? value : 0;
}

/** A text of a row; '' where there is none. */
export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column];
  return value === null || value === undefined ? '' : String(value);
}

/** The sum of a column. */
export function sumOf(rows: readonly Row[], column: string): number {
  return rows.reduce((sum, row) => sum + numberOf(row, column), 0);
}

/** Sorts rows by a column; empty values come last either way, equals keep their order. */
export function sortRows(rows: readonly Row[], column: string, ascending: boolean): Row[] {
  const sign = ascending ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[column] ?? null, b[column] ?? null];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    if (typeof x === 'number' && typeof y === 'number') return sign * (x - y);
    return sign * String(x).localeCompare(String(y), 'en');
  });
}
