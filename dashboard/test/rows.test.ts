// Rows, series and flows that tables and charts are made of.
import { describe, expect, it } from 'vitest';
import { flowOf } from '../src/charts/flow';
import { ratesOf } from '../src/core/ingestion';
import { parsePath } from '../src/core/path';
import { isFooter, sortRows, splitFooters } from '../src/core/rows';
import { largestOf, stackOf } from '../src/core/series';

describe('rows', () => {
  it('parts sums from what they sum', () => {
    const rows = [
      { period: '2026-01-05', dimension: '(unattributed)', n: 1 },
      { period: null, dimension: '(total)', n: 1 },
      { source: null, medium: null, channel: 'Direct' },
    ];
    expect(rows.map(isFooter)).toEqual([false, true, false]);
    expect(splitFooters(rows).footers).toHaveLength(1);
  });

  it('sorts with empty values last either way', () => {
    const rows = [{ n: 2 }, { n: null }, { n: 10 }];
    expect(sortRows(rows, 'n', true).map((row) => row.n)).toEqual([2, 10, null]);
    expect(sortRows(rows, 'n', false).map((row) => row.n)).toEqual([10, 2, null]);
  });

  it('stacks the largest and sums the rest', () => {
    const rows = ['a', 'b', 'c', 'd'].flatMap((name, i) => [
      { period: '1', name, n: i + 1 },
      { period: '2', name, n: 1 },
    ]);
    const { periods, series } = stackOf(rows, 'period', 'name', 'n', 2);
    expect(periods).toEqual(['1', '2']);
    expect(series.map(({ name }) => name)).toEqual(['d', 'c', 'Other']);
    expect(series.map(({ values }) => values)).toEqual([
      [4, 1],
      [3, 1],
      [3, 2],
    ]);
  });

  it('finds the largest and leaves out zeros', () => {
    const rows = [
      { name: 'a', n: 0 },
      { name: null, n: 2 },
      { name: 'c', n: 3 },
    ];
    expect(largestOf(rows, 'name', 'n', 5)).toEqual({ names: ['c', '(not set)'], values: [3, 2] });
  });
});

describe('flow', () => {
  const paths = [
    { touches: parsePath('A > B > C'), conversions: 2 },
    { touches: parsePath('C'), conversions: 3 },
  ];

  it('aligns paths at their end and loses no conversion', () => {
    const { links } = flowOf(paths, 2, 5);
    const ends = links.filter(({ target }) => target === '-1:Conversion');
    expect(ends).toEqual([{ source: '0:C', target: '-1:Conversion', value: 5 }]);
    expect(links).toContainEqual({ source: '2:Earlier touches', target: '1:B', value: 2 });
  });

  it('gathers the weaker touches of a step', () => {
    const { nodes } = flowOf([...paths, { touches: ['D'], conversions: 1 }], 2, 1);
    expect(nodes.filter(({ depth }) => depth === 2).map(({ label }) => label)).toEqual([
      'C',
      'Other',
    ]);
  });
});

describe('ingestion', () => {
  const sample = {
    accepted: 0,
    duplicates: 0,
    refused: {},
    remedies: {},
    deliveries: [],
    dead_letters: 0,
    flushed_events: 0,
    waiting_events: 0,
    waiting_bytes: 0,
    lag_seconds: null,
    commit_failures: 0,
    connections: 0,
    started_at: '2026-01-01T00:00:00Z',
    now: '2026-01-01T00:00:00Z',
    ready: true,
  };

  it('makes rates of differences, but not over a new start', () => {
    const samples = [
      sample,
      { ...sample, accepted: 30, now: '2026-01-01T00:00:02Z' },
      { ...sample, accepted: 4, now: '2026-01-01T00:00:04Z' },
    ];
    expect(ratesOf(samples).map((rate) => rate.eventsPerSecond)).toEqual([15]);
  });
});
