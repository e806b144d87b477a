// Industries, sizes and countries of the companies that visit and convert.
import { useCallback } from 'preact/hooks';
import { barChart } from '../charts/bars';
import { ChoiceParameter } from '../components/dimension';
import { FigureSwitch, useFigure } from '../components/figure';
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { useReport } from '../core/catalog';
import { formatMoney, formatNumber, formatWords } from '../core/format';
import type { Row } from '../core/rows';
import { largestOf } from '../core/series';

const FIGURES = ['accounts', 'sessions', 'conversions', 'value'] as const;
const BARS_MAX = 15;

export function FirmographicsPage() {
  const figure = useFigure(FIGURES);
  const chart = useCallback(
    (rows: readonly Row[]) =>
      barChart({
        label: formatWords(figure),
        ...largestOf(rows, 'dimension', figure, BARS_MAX),
        format: figure === 'value' ? formatMoney : formatNumber,
      }),
    [figure],
  );
  return (
    <Page title="Firmographics" filters={<Filters reports={['firmographics']} without={['by']} />}>
      <Panel
        answer={useReport('firmographics')}
        chart={chart}
        withTable
        bar={figure}
        controls={
          <div class="panel-controls">
            <ChoiceParameter report="firmographics" name="by" label="Tell apart" />
            <FigureSwitch figures={FIGURES} />
          </div>
        }
      />
    </Page>
  );
}
