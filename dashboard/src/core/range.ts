// Date ranges: presets count back from the last day of the lake, so that a lake which got its
// last session in spring still shows something in autumn. Days are UTC, `to` is the day behind.
import type { Filters } from './address';

export interface Range {
  /** First day, `YYYY-MM-DD`, or null for the beginning of the lake. */
  readonly from: string | null;
  /** Day behind the last one, or null for the end of the lake. */
  readonly to: string | null;
}

export interface Preset {
  readonly name: string;
  readonly label: string;
}

const DAY_MS = 86_400_000;
const DAY_PATTERN = /^\d{4}-\d{2}-\d{2}$/;

/** Presets in the order in which they are offered; the empty name is the default. */
export const PRESETS: readonly Preset[] = [
  { name: '', label: 'All dates' },
  { name: '7d', label: 'Last 7 days' },
  { name: '28d', label: 'Last 28 days' },
  { name: '90d', label: 'Last 90 days' },
  { name: '365d', label: 'Last 365 days' },
  { name: 'month', label: 'Latest month' },
];

/** Returns the day `n` days after `day`; both are `YYYY-MM-DD`. */
export function addDays(day: string, n: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + n * DAY_MS).toISOString().slice(0, 10);
}

/** Returns the number of days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

/** Returns the Monday of a day's week, as reports by week have it. */
export function weekOf(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

/** Says whether a text is a day of the calendar. */
export function isDay(text: string): boolean {
  if (!DAY_PATTERN.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Resolves the filters `range`, `from` and `to` against the lake's last day. */
export function resolveRange(filters: Filters, lastDay: string | null): Range {
  const { range, from, to } = filters;
  if (range !== undefined && lastDay !== null) {
    const end = addDays(lastDay, 1);
    const days = /^(\d{1,5})d$/.exec(range)?.[1];
    if (days !== undefined) return { from: addDays(end, -Number(days)), to: end };
    if (range === 'month') return { from: `${lastDay.slice(0, 7)}-01`, to: end };
  }
  return { from: from ?? null, to: to ?? null };
}

/** Returns the range of the same length just before, or null without two ends. */
export function previousRange(range: Range): Range | null {
  const { from, to } = range;
  if (from === null || to === null || !isDay(from) || !isDay(to)) return null;
  const days = daysBetween(from, to);
  return days > 0 ? { from: addDays(from, -days), to: from } : null;
}
