// Turns the browser's address into state and back, with the History API: every view is a real
// path that the server answers with the same page.
import { type ComponentChildren, createContext } from 'preact';
import { useCallback, useContext, useEffect, useMemo, useState } from 'preact/hooks';
import {
  type Address,
  type Filters,
  formatAddress,
  parseAddress,
  sharedFilters,
  withFilters,
} from './address';

export interface Router {
  readonly address: Address;
  /** Opens another page. */
  go(path: string, filters: Filters): void;
  /** Changes filters of the page that is open; null removes one. */
  change(changes: Readonly<Record<string, string | null>>): void;
}

const RouterContext = createContext<Router | null>(null);

function currentAddress(): Address {
  return parseAddress(location.pathname, location.search);
}

/** Gives its children the address and the means to change it. */
export function RouterProvider({ children }: { children: ComponentChildren }) {
  const [address, setAddress] = useState(currentAddress);
  useEffect(() => {
    const follow = () => setAddress(currentAddress());
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const open = useCallback((path: string, filters: Filters) => {
    history.pushState(null, '', formatAddress(path, filters));
    setAddress(currentAddress());
  }, []);
  const router = useMemo<Router>(
    () => ({
      address,
      go: (path, filters) => {
        open(path, filters);
        scrollTo(0, 0);
      },
      change: (changes) => open(address.path, withFilters(address.filters, changes)),
    }),
    [address, open],
  );
  return <RouterContext.Provider value={router}>{children}</RouterContext.Provider>;
}

/** The router of the page. */
export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (router === null) throw new Error('no router around this component');
  return router;
}

interface LinkProps {
  readonly to: string;
  /** Filters of the target; without them those that pages share. */
  readonly filters?: Filters;
  readonly class?: string;
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A link to another page of the dashboard. */
export function Link({ to, filters, class: name, current, children }: LinkProps) {
  const router = useRouter();
  const kept = filters ?? sharedFilters(router.address.filters);
  const follow = (event: MouseEvent) => {
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
    if (!isPlain || event.altKey) return;
    event.preventDefault();
    router.go(to, kept);
  };
  return (
    <a
      href={formatAddress(to, kept)}
      class={name}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
