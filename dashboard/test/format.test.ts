// Figures as they are read.
import { describe, expect, it } from 'vitest';
import { columnOf, formatCell } from '../src/core/columns';
import {
  formatBytes,
  formatChange,
  formatCompact,
  formatDay,
  formatMoney,
  formatNumber,
  formatPercent,
  formatSeconds,
  formatTime,
  formatWords,
} from '../src/core/format';

describe('format', () => {
  it('writes numbers', () => {
    expect(formatNumber(1234.567)).toBe('1,234.57');
    expect(formatNumber(null)).toBe('–');
    expect(formatNumber(Number.NaN)).toBe('–');
    expect(formatMoney(2130768.4)).toBe('2,130,768');
    expect(formatMoney(12.345)).toBe('12.35');
    expect(formatCompact(2130768)).toBe('2.13M');
    expect(formatCompact(9999)).toBe('9,999');
    expect(formatPercent(19.414)).toBe('19.41%');
    expect(formatBytes(12_345_678)).toBe('12.3 MB');
    expect(formatBytes(0)).toBe('0 B');
  });

  it('writes changes with their sign', () => {
    expect(formatChange(120, 100)).toBe('+20%');
    expect(formatChange(80, 100)).toBe('−20%');
    expect(formatChange(100, 100)).toBe('±0%');
    expect(formatChange(5, 0)).toBeNull();
  });

  it('writes days and times in UTC', () => {
    expect(formatDay('2026-03-31')).toBe('31 Mar 2026');
    expect(formatTime('2026-03-31T23:59:59.999Z')).toBe('31 Mar 2026, 23:59');
    expect(formatDay('(total)')).toBe('(total)');
    expect(formatSeconds(3.21)).toBe('3.2 s');
    expect(formatSeconds(600)).toBe('10 min');
  });

  it('writes names in words', () => {
    expect(formatWords('last_non_direct')).toBe('Last non direct');
  });

  it('tells columns by their name', () => {
    expect(columnOf('cost_per_lead', 12).kind).toBe('money');
    expect(columnOf('session_percent', 12).kind).toBe('percent');
    expect(columnOf('converted_at', '').kind).toBe('time');
    expect(columnOf('dimension', 'Email').isNumeric).toBe(false);
    expect(formatCell(0.0322, 'fraction')).toBe('3.22%');
    expect(formatCell(null, 'number')).toBe('–');
    expect(formatCell(1.5, 'ratio')).toBe('1.5×');
  });
});
