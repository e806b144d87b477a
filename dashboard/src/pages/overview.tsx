// The first page: how many came, who they were, and what they did, over time and by channel.
import { useCallback, useMemo } from 'preact/hooks';
import { areaChart, stackChart } from '../charts/time';
import { Select, Switch } from '../components/choice';
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { type Tile, Tiles } from '../components/tiles';
import { useCatalog, useReport } from '../core/catalog';
import { formatMoney, formatNumber } from '../core/format';
import { previousRange, resolveRange } from '../core/range';
import { useRouter } from '../core/router';
import { isFooter, numberOf, type Row, sumOf } from '../core/rows';
import { stackOf } from '../core/series';

const METRICS = [
  { name: 'sessions', label: 'Sessions' },
  { name: 'people', label: 'People' },
  { name: 'accounts', label: 'Accounts' },
  { name: 'pageviews', label: 'Page views' },
  { name: 'conversions', label: 'Conversions' },
  { name: 'value', label: 'Value' },
] as const;

/** Different people of days don't add up; the report by channel counts them once. */
const COUNTED_ONCE: ReadonlySet<string> = new Set(['people', 'accounts']);
const CHANNEL_COLUMNS = [
  'channel',
  'sessions',
  'people',
  'conversions',
  'value',
  'conversion_rate',
];
const MEASURES = [
  { value: 'sessions', label: 'Sessions' },
  { value: 'conversions', label: 'Conversions' },
  { value: 'value', label: 'Value' },
];
const PERIODS = [
  { value: 'day', label: 'Day' },
  { value: 'week', label: 'Week' },
  { value: 'month', label: 'Month' },
];

export function OverviewPage() {
  const { address, change } = useRouter();
  const { filters } = address;
  const metric = filters.metric ?? 'sessions';
  const measure = filters.measure ?? 'conversions';
  const days = useReport('overview');
  const channels = useReport('channels');
  const trends = useReport('trends');
  const tiles = useTiles(days.rows, channels.rows);
  const dayChart = useCallback((rows: readonly Row[]) => metricChart(rows, metric), [metric]);
  const trendChart = useCallback((rows: readonly Row[]) => periodChart(rows, measure), [measure]);
  return (
    <Page
      title="Overview"
      filters={<Filters reports={['overview', 'channels', 'trends']} without={['by', 'period']} />}
    >
      <Tiles
        label="Figures"
        tiles={tiles}
        chosen={metric}
        onChoose={(name) => change({ metric: name === 'sessions' ? null : name })}
      />
      <Panel answer={days} title={`${labelOf(metric)} by day`} chart={dayChart} />
      <div class="columns">
        <Panel
          answer={trends}
          title="By channel over time"
          chart={trendChart}
          controls={
            <div class="panel-controls">
              <Switch
                label="Figure"
                value={measure}
                options={MEASURES}
                onChange={(value) => change({ measure: value === 'conversions' ? null : value })}
              />
              <Select
                label="Step"
                value={filters.period ?? 'week'}
                options={PERIODS}
                onChange={(value) => change({ period: value === 'week' ? null : value })}
              />
            </div>
          }
        />
        <Panel answer={channels} bar="sessions" columns={CHANNEL_COLUMNS} />
      </div>
    </Page>
  );
}

function useTiles(days: readonly Row[] | null, channels: readonly Row[] | null): Tile[] {
  const { lake } = useCatalog();
  const { filters } = useRouter().address;
  const before = previousRange(resolveRange(filters, lake.last_day));
  const fixed = before === null ? {} : { range: '', from: before.from ?? '', to: before.to ?? '' };
  const daysBefore = useReport('overview', fixed, before === null).rows;
  const channelsBefore = useReport('channels', fixed, before === null).rows;
  const hasBefore = before !== null;
  return useMemo(
    () =>
      METRICS.map(({ name, label }) => ({
        name,
        label,
        value: figureOf(name, days, channels),
        before: hasBefore ? figureOf(name, daysBefore, channelsBefore) : null,
      })),
    [days, channels, daysBefore, channelsBefore, hasBefore],
  );
}

function figureOf(
  name: string,
  days: readonly Row[] | null,
  channels: readonly Row[] | null,
): number | null {
  if (COUNTED_ONCE.has(name)) {
    return channels === null ? null : numberOf(channels.filter(isFooter).at(-1), name);
  }
  return days === null ? null : sumOf(days, name);
}

function labelOf(metric: string): string {
  return METRICS.find(({ name }) => name === metric)?.label ?? metric;
}

function metricChart(rows: readonly Row[], metric: string) {
  return areaChart({
    label: labelOf(metric),
    days: rows.map((row) => String(row.date)),
    values: rows.map((row) => numberOf(row, metric)),
    format: metric === 'value' ? formatMoney : formatNumber,
  });
}

function periodChart(rows: readonly Row[], measure: string) {
  return stackChart({
    label: MEASURES.find(({ value }) => value === measure)?.label ?? measure,
    ...stackOf(rows, 'period', 'dimension', measure, 8),
    format: measure === 'value' ? formatMoney : formatNumber,
  });
}
