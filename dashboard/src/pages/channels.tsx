// What channels bring, under one model and under all of them side by side.
import { useCallback } from 'preact/hooks';
import { barChart } from '../charts/bars';
import { ChoiceParameter } from '../components/dimension';
import { FigureSwitch, useFigure } from '../components/figure';
import { Filters } from '../components/filters';
import { ModelsPanel } from '../components/models';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { useReport } from '../core/catalog';
import { formatMoney, formatNumber, formatWords } from '../core/format';
import { useRouter } from '../core/router';
import type { Row } from '../core/rows';
import { largestOf } from '../core/series';

const FIGURES = ['conversions', 'value', 'sessions', 'accounts'] as const;
const BARS_MAX = 15;

export function ChannelsPage() {
  const { address } = useRouter();
  const figure = useFigure(FIGURES);
  const by = address.filters.by ?? 'channel';
  const channels = useReport('channels');
  const chart = useCallback(
    (rows: readonly Row[]) =>
      barChart({
        label: formatWords(figure),
        ...largestOf(rows, 'channel', figure, BARS_MAX),
        format: figure === 'value' ? formatMoney : formatNumber,
      }),
    [figure],
  );
  return (
    <Page
      title="Channels"
      filters={<Filters reports={['channels', 'models']} without={['by', 'measure']} />}
    >
      <Panel
        answer={channels}
        title={by === 'channel' ? 'Channels' : `By ${formatWords(by).toLowerCase()}`}
        chart={chart}
        withTable
        bar={figure}
        controls={
          <div class="panel-controls">
            <FigureSwitch figures={FIGURES} />
            <ChoiceParameter report="channels" name="by" label="Tell apart" />
          </div>
        }
      />
      <ModelsPanel />
    </Page>
  );
}
