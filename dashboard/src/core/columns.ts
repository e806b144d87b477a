// What a column of a report holds, told by its name: how it is written, aligned and headed.
import {
  formatDay,
  formatMoney,
  formatNumber,
  formatPercent,
  formatTime,
  formatWords,
} from './format';
import type { Cell } from './rows';

export type ColumnKind =
  | 'text'
  | 'number'
  | 'money'
  | 'percent'
  | 'fraction'
  | 'ratio'
  | 'day'
  | 'time'
  | 'account'
  | 'person'
  | 'path';

export interface Column {
  readonly name: string;
  readonly label: string;
  readonly kind: ColumnKind;
  readonly isNumeric: boolean;
}

const KINDS: Readonly<Record<string, ColumnKind>> = {
  value: 'money',
  cost: 'money',
  credit_value: 'money',
  assisted_value: 'money',
  conversion_rate: 'fraction',
  probability: 'fraction',
  removal_effect: 'fraction',
  roas: 'ratio',
  lift: 'ratio',
  assisted_per_last: 'ratio',
  date: 'day',
  day: 'day',
  period: 'day',
  cohort: 'day',
  first_seen: 'day',
  last_seen: 'day',
  account: 'account',
  person: 'person',
  touch_person: 'person',
  path: 'path',
};

const LABELS: Readonly<Record<string, string>> = {
  pageviews: 'Page views',
  session_percent: 'Share of sessions',
  conversion_rate: 'Conv. rate',
  cost_per_conversion: 'Cost per conv.',
  cost_per_opportunity: 'Cost per opp.',
  roas: 'ROAS',
  roi_percent: 'ROI',
  n: 'Count',
  n_touches: 'Touches',
  percent: 'Share',
  cumulative_percent: 'Share up to here',
  from_state: 'From',
  to_state: 'To',
  happened_at: 'When (UTC)',
  converted_at: 'Converted (UTC)',
  touched_at: 'Touched (UTC)',
  median_days: 'Median days',
  p90_days: '90th percentile, days',
  employees: 'Employees',
};

const NUMERIC: ReadonlySet<ColumnKind> = new Set([
  'number',
  'money',
  'percent',
  'fraction',
  'ratio',
]);

/** Describes a column by its name and one of its values. */
export function columnOf(name: string, sample: Cell): Column {
  const kind = kindOf(name, sample);
  return { name, label: LABELS[name] ?? formatWords(name), kind, isNumeric: NUMERIC.has(kind) };
}

/** Describes the columns of rows, in order; a column without any value counts as text. */
export function columnsOf(rows: readonly Readonly<Record<string, Cell>>[]): Column[] {
  const first = rows[0];
  if (first === undefined) return [];
  return Object.keys(first).map((name) => {
    const filled = rows.find((row) => row[name] !== null && row[name] !== undefined);
    return columnOf(name, filled?.[name] ?? null);
  });
}

/** Writes a value as its column wants it. */
export function formatCell(value: Cell | undefined, kind: ColumnKind): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return formatFigure(value, kind);
  if (kind === 'time' && typeof value === 'string') return formatTime(value);
  if (kind === 'day' && typeof value === 'string') return formatDay(value);
  if (Array.isArray(value)) return value.map(String).join(', ');
  return String(value);
}

function formatFigure(value: number, kind: ColumnKind): string {
  switch (kind) {
    case 'money':
      return formatMoney(value);
    case 'percent':
      return formatPercent(value);
    case 'fraction':
      return formatPercent(100 * value);
    case 'ratio':
      return `${formatNumber(value)}×`;
    default:
      return formatNumber(value);
  }
}

function kindOf(name: string, sample: Cell): ColumnKind {
  const known = KINDS[name];
  if (known !== undefined) return known;
  if (name.startsWith('cost_per_')) return 'money';
  if (name === 'percent' || name.endsWith('_percent')) return 'percent';
  if (name.endsWith('_at')) return 'time';
  return typeof sample === 'number' ? 'number' : 'text';
}
