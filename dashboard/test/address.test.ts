// Addresses of views: what is written can be read again, and defaults stay out of sight.
import { describe, expect, it } from 'vitest';
import {
  formatAddress,
  parseAddress,
  pathTail,
  sharedFilters,
  withFilters,
} from '../src/core/address';

describe('address', () => {
  it('reads what it wrote', () => {
    const filters = { unit: 'account', conversion: 'a&b=c ü', from: '2026-01-01' };
    const url = new URL(formatAddress('/channels', filters), 'http://host');
    expect(parseAddress(url.pathname, url.search)).toEqual({ path: '/channels', filters });
  });

  it('writes the same view in the same way', () => {
    expect(formatAddress('/', { b: '2', a: '1' })).toBe(formatAddress('/', { a: '1', b: '2' }));
  });

  it('has no query string without filters', () => {
    expect(formatAddress('/paths', { unit: '' })).toBe('/paths');
  });

  it('reads a slash at the end as none', () => {
    expect(parseAddress('/channels/', '').path).toBe('/channels');
    expect(parseAddress('/', '?unit=').filters).toEqual({});
  });

  it('keeps shared filters only', () => {
    const filters = { range: '28d', metric: 'people', model: 'linear', limit: '5' };
    expect(sharedFilters(filters)).toEqual({ range: '28d', model: 'linear' });
  });

  it('sets and removes filters', () => {
    expect(withFilters({ unit: 'account', model: 'linear' }, { unit: null, by: 'source' })).toEqual(
      {
        model: 'linear',
        by: 'source',
      },
    );
  });

  it('decodes what follows a prefix', () => {
    expect(pathTail('/people/linkedin.com%2Fin%2Fa', '/people/')).toBe('linkedin.com/in/a');
    expect(pathTail('/people/100%', '/people/')).toBe('100%');
    expect(pathTail('/people', '/people/')).toBeNull();
  });
});
