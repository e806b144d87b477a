// Turns rows of a report into what charts draw: series over periods, and the largest values.
import { numberOf, type Row, textOf } from './rows';

export interface Stack {
  readonly periods: string[];
  readonly series: { readonly name: string; readonly values: number[] }[];
}

/**
 * Spreads rows over periods: one series for each of the largest `names` of `dimension`, and one
 * `Other` for all that are smaller. Periods without a row count 0; without `periods` those of
 * the rows are taken.
 */
export function stackOf(
  rows: readonly Row[],
  period: string,
  dimension: string,
  measure: string,
  names: number,
  periods: string[] = [...new Set(rows.map((row) => textOf(row, period)))].sort(),
): Stack {
  const place = new Map(periods.map((name, i) => [name, i]));
  const totals = new Map<string, number>();
  for (const row of rows) {
    const name = textOf(row, dimension);
    totals.set(name, (totals.get(name) ?? 0) + numberOf(row, measure));
  }
  const ordered = [...totals].filter(([, total]) => total > 0).sort((a, b) => b[1] - a[1]);
  const largest = ordered.slice(0, ordered.length === names + 1 ? names + 1 : names);
  const series = largest.map(([name]) => ({ name, values: periods.map(() => 0) }));
  const byName = new Map(series.map((one) => [one.name, one]));
  const other = { name: 'Other', values: periods.map(() => 0) };
  for (const row of rows) {
    const values = (byName.get(textOf(row, dimension)) ?? other).values;
    const i = place.get(textOf(row, period)) ?? 0;
    values[i] = (values[i] ?? 0) + numberOf(row, measure);
  }
  if (other.values.some((value) => value > 0)) series.push(other);
  return { periods, series };
}

export interface Largest {
  readonly names: string[];
  readonly values: number[];
}

/** The largest values of a column with their names, largest first; those of 0 are left out. */
export function largestOf(
  rows: readonly Row[],
  name: string,
  measure: string,
  count: number,
): Largest {
  const found = rows
    .map((row) => ({ name: textOf(row, name) || '(not set)', value: numberOf(row, measure) }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, count);
  return { names: found.map((one) => one.name), values: found.map((one) => one.value) };
}
