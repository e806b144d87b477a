// The address of a view and what it means: a path and filters. Whatever is chosen on a page
// stands in its address, so that a link shows the same view to whoever opens it.

/** Filters by parameter name, as they stand in the query string; what is default is not there. */
export type Filters = Readonly<Record<string, string>>;

export interface Address {
  /** Decoded path without a slash at its end, `/` for the overview. */
  readonly path: string;
  readonly filters: Filters;
}

/** Filters that follow the reader from page to page; all others belong to one page. */
const SHARED_FILTERS = [
  'range',
  'from',
  'to',
  'tenant',
  'conversion',
  'unit',
  'model',
  'lookback',
] as const;

/** Reads path and query string, such as `/channels` and `?unit=account`. */
export function parseAddress(pathname: string, search: string): Address {
  const filters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    if (value !== '') filters[name] = value;
  }
  const trimmed = pathname.replace(/\/+$/, '');
  return { path: trimmed === '' ? '/' : trimmed, filters };
}

/** Writes an address; filters are sorted so that the same view has one address. */
export function formatAddress(path: string, filters: Filters): string {
  const search = new URLSearchParams();
  for (const name of Object.keys(filters).sort()) {
    const value = filters[name];
    if (value !== undefined && value !== '') search.set(name, value);
  }
  const query = search.toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Returns the filters that a link to another page keeps. */
export function sharedFilters(filters: Filters): Filters {
  const kept: Record<string, string> = {};
  for (const name of SHARED_FILTERS) {
    const value = filters[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Returns filters with some set anew; a value of null or '' removes one. */
export function withFilters(
  filters: Filters,
  changes: Readonly<Record<string, string | null>>,
): Filters {
  const changed: Record<string, string> = { ...filters };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') delete changed[name];
    else changed[name] = value;
  }
  return changed;
}

/** Returns what stands behind a prefix of the path, decoded: `/accounts/a%2Fb` gives `a/b`. */
export function pathTail(path: string, prefix: string): string | null {
  if (!path.startsWith(prefix) || path.length === prefix.length) return null;
  const tail = path.slice(prefix.length);
  try {
    return decodeURIComponent(tail);
  } catch {
    return tail;
  }
}
