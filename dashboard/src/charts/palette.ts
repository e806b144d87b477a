// Colours of charts in both themes. A channel has the same colour on every page; the first
// colours differ in lightness too, so that they can be told apart without seeing hue.
import type { Theme } from '../core/theme';

export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly accent: string;
  readonly series: readonly string[];
  /** For what is no channel of its own: Direct, the rest, what is not known. */
  readonly neutral: readonly string[];
}

const LIGHT: Palette = {
  text: '#1b2330',
  muted: '#5a6575',
  grid: '#e6e9ee',
  surface: '#ffffff',
  accent: '#1f6fc4',
  series: [
    '#1f6fc4',
    '#2f9e6e',
    '#d9822b',
    '#8a5cd0',
    '#c2416b',
    '#1899a8',
    '#b5a12b',
    '#5b6fd6',
    '#e0704f',
    '#6b9e3a',
    '#9a6b4a',
    '#7a8a2e',
  ],
  neutral: ['#75808f', '#aab3bf', '#cfd5dd'],
};

const DARK: Palette = {
  text: '#e6eaf0',
  muted: '#a0abba',
  grid: '#2a323e',
  surface: '#171d26',
  accent: '#5aa9f5',
  series: [
    '#5aa9f5',
    '#4cc38a',
    '#f0a04b',
    '#b08cf0',
    '#ee6f97',
    '#41c5d3',
    '#d9c44f',
    '#8c9bf5',
    '#f59277',
    '#97cc62',
    '#c99a78',
    '#b9c46a',
  ],
  neutral: ['#a3aebc', '#6d7888', '#4a5463'],
};

const PLACES: Readonly<Record<string, number>> = {
  'Organic Search': 1,
  'Paid Search': 0,
  'Paid Social': 3,
  'Organic Social': 7,
  Email: 2,
  Referral: 5,
  Display: 4,
  'AI Assistant': 6,
  Affiliates: 8,
  'Organic Video': 9,
  'Paid Video': 10,
  Audio: 11,
  SMS: 8,
};

const NEUTRAL: Readonly<Record<string, number>> = {
  Direct: 0,
  Unassigned: 1,
  Other: 1,
  'Earlier touches': 1,
  '(not set)': 2,
  '(unattributed)': 2,
};

export function paletteOf(theme: Theme): Palette {
  return theme === 'dark' ? DARK : LIGHT;
}

/** The colour of a channel, campaign or other value; `idx` is for names without a place. */
export function colorOf(palette: Palette, name: string, idx: number): string {
  const neutral = NEUTRAL[name];
  if (neutral !== undefined) return palette.neutral[neutral] ?? palette.muted;
  const place = PLACES[name] ?? idx;
  return palette.series[place % palette.series.length] ?? palette.accent;
}
