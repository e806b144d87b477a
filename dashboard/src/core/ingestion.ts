// Follows the state of the ingester: samples every two seconds, and rates of their differences.
import { useEffect, useState } from 'preact/hooks';
import { fetchJson } from './api';

export interface Delivery {
  readonly at: string;
  readonly status: number;
  readonly answer: string;
  readonly bytes: number | null;
  readonly id: string | null;
}

export interface IngestionSample {
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: Readonly<Record<string, number>>;
  /** What to do about refused webhooks, by reason. */
  readonly remedies: Readonly<Record<string, string>>;
  /** The last deliveries, the latest first. */
  readonly deliveries: readonly Delivery[];
  readonly dead_letters: number;
  readonly flushed_events: number;
  readonly waiting_events: number;
  readonly waiting_bytes: number;
  readonly lag_seconds: number | null;
  readonly commit_failures: number;
  readonly connections: number;
  readonly started_at: string;
  readonly now: string;
  readonly ready: boolean;
}

export interface Rate {
  /** End of the step, in ms since 1970. */
  readonly time: number;
  readonly eventsPerSecond: number;
  readonly lagSeconds: number;
}

const INTERVAL_MS = 2000;
const SAMPLES_MAX = 300;

/** Rates between samples; a step over which the ingester was started anew is left out. */
export function ratesOf(samples: readonly IngestionSample[]): Rate[] {
  const rates: Rate[] = [];
  for (let i = 1; i < samples.length; i += 1) {
    const [before, after] = [samples[i - 1], samples[i]];
    if (before === undefined || after === undefined) continue;
    const time = Date.parse(after.now);
    const seconds = (time - Date.parse(before.now)) / 1000;
    const events = after.accepted - before.accepted;
    if (!(seconds > 0) || events < 0) continue;
    rates.push({
      time,
      eventsPerSecond: Math.round((100 * events) / seconds) / 100,
      lagSeconds: after.lag_seconds ?? 0,
    });
  }
  return rates;
}

/** Asks for the ingester's state every two seconds while the page is seen. */
export function useIngestion(): { samples: IngestionSample[]; error: string | null } {
  const [samples, setSamples] = useState<IngestionSample[]>([]);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    let isGone = false;
    let isAsking = false;
    const ask = async () => {
      if (isAsking || document.hidden) return;
      isAsking = true;
      try {
        const sample = await fetchJson<IngestionSample>('/api/ingestion');
        if (isGone) return;
        setSamples((before) => [...before.slice(1 - SAMPLES_MAX), sample]);
        setError(null);
      } catch (reason) {
        if (!isGone) setError(reason instanceof Error ? reason.message : String(reason));
      } finally {
        isAsking = false;
      }
    };
    void ask();
    const timer = setInterval(ask, INTERVAL_MS);
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, []);
  return { samples, error };
}
