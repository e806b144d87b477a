// Follows one answer of the API through its states: asked, there, failed.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { fetchCached } from './api';

export interface Answer<T> {
  /** The latest answer; while another is on its way, the one before. */
  readonly value: T | null;
  /** A sentence for the reader, or null. */
  readonly error: string | null;
  readonly isLoading: boolean;
  readonly retry: () => void;
}

interface State<T> {
  readonly url: string | null;
  readonly value: T | null;
  readonly error: string | null;
}

/** Asks for a URL and again whenever it changes; null asks for nothing. */
export function useAnswer<T>(url: string | null): Answer<T> {
  const [state, setState] = useState<State<T>>({ url: null, value: null, error: null });
  const [attempt, setAttempt] = useState(0);
  // Another attempt asks again although the address is the same.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (url === null) return;
    let isCurrent = true;
    fetchCached<T>(url).then(
      (value) => isCurrent && setState({ url, value, error: null }),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        if (isCurrent) setState({ url, value: null, error: message });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [url, attempt]);
  const retry = useCallback(() => {
    setState((before) => ({ ...before, url: null, error: null }));
    setAttempt((n) => n + 1);
  }, []);
  const isLoading = url !== null && state.url !== url;
  return { value: state.value, error: isLoading ? null : state.error, isLoading, retry };
}
