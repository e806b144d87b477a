// The health of the ingester: what comes in, what waits, what was turned away. It asks every
// two seconds, for as long as the page is seen.
import { useMemo } from 'preact/hooks';
import { rateChart } from '../charts/rate';
import { Chart } from '../components/chart';
import { Page } from '../components/page';
import { Empty, Failure, Loading } from '../components/status';
import { DataTable } from '../components/table';
import { type Tile, Tiles } from '../components/tiles';
import { useCatalog } from '../core/catalog';
import { formatBytes, formatNumber, formatSeconds, formatTime } from '../core/format';
import {
  type Delivery,
  type IngestionSample,
  type Rate,
  ratesOf,
  useIngestion,
} from '../core/ingestion';

export function IngestionPage() {
  const { lake } = useCatalog();
  if (lake.role === 'admin') return <Watched />;
  return (
    <Page title="Ingestion" lead="What the ingester takes in">
      <p>This page needs a token of role admin; yours is of role {lake.role}.</p>
    </Page>
  );
}

function Watched() {
  const { samples, error } = useIngestion();
  const latest = samples.at(-1);
  return (
    <Page title="Ingestion" lead="What the ingester takes in, asked every 2 seconds">
      {error !== null && <Failure message={error} />}
      {latest === undefined && error === null && <Loading what="the state of the ingester" />}
      {latest !== undefined && <Health latest={latest} samples={samples} />}
      <LakeTables />
    </Page>
  );
}

interface HealthProps {
  readonly latest: IngestionSample;
  readonly samples: readonly IngestionSample[];
}

function Health({ latest, samples }: HealthProps) {
  const rates = useMemo(() => ratesOf(samples), [samples]);
  const rate = rates.at(-1)?.eventsPerSecond ?? null;
  return (
    <>
      <p class={latest.ready ? 'state ready' : 'state'} role="status">
        {latest.ready ? 'Ready: webhooks are taken' : 'Not ready: webhooks are answered 503'}
        <span class="muted">
          {` · running since ${formatTime(latest.started_at)} UTC · ${latest.connections} connections`}
        </span>
      </p>
      <Tiles label="State of the ingester" tiles={tilesOf(latest, rate)} />
      <RatePanel rates={rates} />
      <RefusedPanel refused={latest.refused} remedies={latest.remedies} />
      <DeliveriesPanel deliveries={latest.deliveries} />
    </>
  );
}

function tilesOf(latest: IngestionSample, rate: number | null): Tile[] {
  return [
    {
      name: 'rate',
      label: 'Events a second',
      value: rate,
      hint: 'over the last 2 seconds',
      format: formatNumber,
    },
    {
      name: 'lag',
      label: 'Lag',
      value: latest.lag_seconds ?? 0,
      format: formatSeconds,
      hint: 'oldest event not yet in the lake',
    },
    { name: 'accepted', label: 'Accepted', value: latest.accepted, hint: 'since the start' },
    { name: 'duplicates', label: 'Duplicates', value: latest.duplicates, hint: 'stored once' },
    {
      name: 'dead_letters',
      label: 'Dead letters',
      value: latest.dead_letters,
      hint: 'not flattened whole',
    },
    {
      name: 'refused',
      label: 'Refused',
      value: Object.values(latest.refused).reduce((sum, n) => sum + n, 0),
      hint: 'nothing stored',
    },
    {
      name: 'waiting',
      label: 'Waiting events',
      value: latest.waiting_events,
      hint: formatBytes(latest.waiting_bytes),
    },
    {
      name: 'commit_failures',
      label: 'Failed commits',
      value: latest.commit_failures,
      hint: 'tried again',
    },
  ];
}

function RatePanel({ rates }: { rates: readonly Rate[] }) {
  const spec = useMemo(() => rateChart(rates), [rates]);
  const rows = [...rates].reverse().map(({ time, eventsPerSecond, lagSeconds }) => ({
    'time (UTC)': new Date(time).toISOString().slice(11, 19),
    events_a_second: eventsPerSecond,
    lag_seconds: lagSeconds,
  }));
  return (
    <section class="panel" aria-labelledby="rate-title">
      <header class="panel-head">
        <div>
          <h2 id="rate-title">Events a second</h2>
          <p class="description">Accepted events, since this page was opened, 10 minutes at most</p>
        </div>
      </header>
      {rates.length === 0 ? (
        <Empty>The first rate is known after 2 seconds.</Empty>
      ) : (
        <Chart spec={spec} />
      )}
      <details>
        <summary>Table</summary>
        <DataTable caption="Events a second" rows={rows} />
      </details>
    </section>
  );
}

interface RefusedProps {
  readonly refused: Readonly<Record<string, number>>;
  readonly remedies: Readonly<Record<string, string>>;
}

function RefusedPanel({ refused, remedies }: RefusedProps) {
  const rows = Object.entries(refused)
    .filter(([, n]) => n > 0)
    .map(([reason, n]) => ({ reason, n, 'what to do': remedies[reason] ?? null }));
  if (rows.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="refused-title">
      <header class="panel-head">
        <h2 id="refused-title">Refused, by reason</h2>
      </header>
      <DataTable caption="Refused, by reason" rows={rows} bar="n" />
    </section>
  );
}

function DeliveriesPanel({ deliveries }: { deliveries: readonly Delivery[] }) {
  const rows = deliveries.map(({ at, status, answer, bytes, id }) => ({
    'time (UTC)': formatTime(at),
    status,
    answer,
    'size, bytes': bytes,
    id,
  }));
  return (
    <section class="panel" aria-labelledby="deliveries-title">
      <header class="panel-head">
        <div>
          <h2 id="deliveries-title">Last deliveries</h2>
          <p class="description">Webhooks since the start, the last 100 at most</p>
        </div>
      </header>
      {rows.length === 0 ? (
        <Empty>No webhook has come since the start.</Empty>
      ) : (
        <DataTable caption="Last deliveries" rows={rows} />
      )}
    </section>
  );
}

function LakeTables() {
  const { lake } = useCatalog();
  return (
    <section class="panel" aria-labelledby="lake-title">
      <header class="panel-head">
        <div>
          <h2 id="lake-title">Tables of the lake</h2>
          <p class="description">Files and their size when this page was loaded</p>
        </div>
      </header>
      <DataTable
        caption="Tables of the lake"
        rows={lake.tables.map(({ name, files, bytes }) => ({
          table: name,
          files,
          'size, MB': Math.round(bytes / 10_000) / 100,
        }))}
      />
    </section>
  );
}
