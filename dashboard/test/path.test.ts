// Paths as reports write them, whatever a visitor typed.
import { describe, expect, it } from 'vitest';
import { parsePath } from '../src/core/path';

describe('paths', () => {
  it('are parted where their touches are', () => {
    expect(parsePath('Email > Paid Search > Email')).toEqual(['Email', 'Paid Search', 'Email']);
    expect(parsePath('a->b > C:\\temp')).toEqual(['a->b', 'C:\\temp']);
    expect(parsePath('')).toEqual([]);
  });

  it('are not parted within a name', () => {
    expect(parsePath('a \\> b > \\>')).toEqual(['a > b', '>']);
    expect(parsePath("\\'=1 > \\\\ > \\ x\\ ")).toEqual(["'=1", '\\', ' x ']);
  });
});
