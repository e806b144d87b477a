// What a report is asked under a page's filters.
import { describe, expect, it } from 'vitest';
import {
  mergeParameters,
  type Parameter,
  questionFor,
  type Report,
  rowsUrl,
  sqlUrl,
} from '../src/core/report';

const base = { description: '' };
const parameters: Parameter[] = [
  { ...base, name: 'from', type: 'date', default: null },
  { ...base, name: 'to', type: 'date', default: null },
  { ...base, name: 'unit', type: 'choice', choices: ['person', 'account'], default: 'person' },
  { ...base, name: 'half_life', type: 'days', default: 7 },
];
const report: Report = { name: 'one', title: 'One', description: '', note: null, parameters };

describe('report', () => {
  it('is asked its own parameters only, defaults left out', () => {
    const filters = { unit: 'person', half_life: '7d', metric: 'people', range: '7d' };
    expect(questionFor(report, filters, '2026-03-31')).toEqual({
      parameters: { from: '2026-03-25', to: '2026-04-01' },
      ignored: [],
    });
  });

  it('says which filter it can not take', () => {
    const { parameters: asked, ignored } = questionFor(report, { unit: 'planet' }, null);
    expect(asked).toEqual({});
    expect(ignored).toEqual(['One has no unit planet; shown is person.']);
  });

  it('has addresses for rows and SQL', () => {
    expect(rowsUrl('one', { unit: 'account' }, 'json')).toBe('/api/reports/one?unit=account');
    expect(rowsUrl('one', {}, 'csv')).toBe('/api/reports/one?format=csv');
    expect(sqlUrl('a/b', {})).toBe('/api/reports/a%2Fb/sql');
  });

  it('merges parameters with all their choices', () => {
    const model = (choices: string[]): Report => ({
      ...report,
      parameters: [{ ...base, name: 'model', type: 'choice', choices, default: 'linear' }],
    });
    const merged = mergeParameters([model(['linear', 'markov']), model(['linear', 'shapley'])]);
    expect(merged.map((one) => one.choices)).toEqual([['linear', 'markov', 'shapley']]);
  });
});
