// Numbers, days and times as people read them. Everything is in English and in UTC, so that
// two readers of one link see the same text.

const DASH = '–';
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const day = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
const shortDay = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
});

/** A count or a share of credit: `1,234`, `12.35`. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return twoDigits.format(value);
}

/** An amount of money; reports sum amounts as they were loaded, so no currency is claimed. */
export function formatMoney(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return Math.abs(value) >= 1000 ? whole.format(value) : twoDigits.format(value);
}

/** A large number in little space: `2.1M`, `87.2K`. */
export function formatCompact(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return Math.abs(value) < 10_000 ? oneDigit.format(value) : compact.format(value);
}

/** A value of 0 to 100 with its sign: `12.3%`. */
export function formatPercent(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return `${Math.abs(value) >= 100 ? whole.format(value) : twoDigits.format(value)}%`;
}

/** How much a figure changed, with its sign: `+12%`; null where it can't be said. */
export function formatChange(now: number | null, before: number | null): string | null {
  if (now === null || before === null || before === 0) return null;
  const change = (100 * (now - before)) / before;
  const text = whole.format(Math.abs(change));
  if (text === '0') return '±0%';
  return `${change < 0 ? '−' : '+'}${text}%`;
}

/** A day `2026-03-31` as `31 Mar 2026`. */
export function formatDay(value: string | null | undefined): string {
  const time = value ? Date.parse(`${value.slice(0, 10)}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(time) ? (value ?? DASH) : day.format(time);
}

/** A day `2026-03-31` as `31 Mar`, for ticks. */
export function formatShortDay(value: string): string {
  const time = Date.parse(`${value.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(time) ? value : shortDay.format(time);
}

/** A moment as `31 Mar 2026, 10:20`, UTC. */
export function formatTime(value: string | null | undefined): string {
  const time = value ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) return value ?? DASH;
  return `${day.format(time)}, ${new Date(time).toISOString().slice(11, 16)}`;
}

/** A size in bytes: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unitIdx = 0;
  while (value >= 1000 && unitIdx < units.length - 1) {
    value /= 1000;
    unitIdx += 1;
  }
  return `${oneDigit.format(value)} ${units[unitIdx]}`;
}

/** A length of time in seconds: `3.2 s`, `4 min`, `2.5 h`. */
export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  if (seconds < 120) return `${oneDigit.format(seconds)} s`;
  if (seconds < 7200) return `${whole.format(seconds / 60)} min`;
  if (seconds < 172_800) return `${oneDigit.format(seconds / 3600)} h`;
  return `${oneDigit.format(seconds / 86_400)} days`;
}

/** A name of the reports in words: `last_non_direct` becomes `Last non direct`. */
export function formatWords(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
