// Date ranges count back from the last day of the lake.
import { describe, expect, it } from 'vitest';
import { addDays, isDay, previousRange, resolveRange, weekOf } from '../src/core/range';

describe('range', () => {
  it('counts days over months and leap days', () => {
    expect(addDays('2024-02-28', 2)).toBe('2024-03-01');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
  });

  it('ends a preset behind the last day', () => {
    expect(resolveRange({ range: '7d' }, '2026-03-31')).toEqual({
      from: '2026-03-25',
      to: '2026-04-01',
    });
    expect(resolveRange({ range: 'month' }, '2026-03-31').from).toBe('2026-03-01');
  });

  it('takes days from the address without a preset', () => {
    expect(resolveRange({ from: '2026-01-05' }, '2026-03-31')).toEqual({
      from: '2026-01-05',
      to: null,
    });
  });

  it('is open at both ends by default and in an empty lake', () => {
    expect(resolveRange({}, '2026-03-31')).toEqual({ from: null, to: null });
    expect(resolveRange({ range: '7d' }, null)).toEqual({ from: null, to: null });
  });

  it('finds the period before', () => {
    expect(previousRange({ from: '2026-03-25', to: '2026-04-01' })).toEqual({
      from: '2026-03-18',
      to: '2026-03-25',
    });
    expect(previousRange({ from: '2026-03-25', to: null })).toBeNull();
    expect(previousRange({ from: '2026-03-25', to: '2026-03-25' })).toBeNull();
  });

  it('knows days of the calendar', () => {
    expect(isDay('2026-02-28')).toBe(true);
    for (const text of ['2026-02-30', '2026-13-01', '26-01-01', 'yesterday', '']) {
      expect(isDay(text)).toBe(false);
    }
  });

  it('starts weeks on Monday', () => {
    expect(weekOf('2026-01-04')).toBe('2025-12-29');
    expect(weekOf('2026-01-05')).toBe('2026-01-05');
  });
});
