// What campaigns bring, and what came back for what was spent.
import { useCallback } from 'preact/hooks';
import { barChart } from '../charts/bars';
import { ChoiceParameter } from '../components/dimension';
import { FigureSwitch, useFigure } from '../components/figure';
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { useReport } from '../core/catalog';
import { formatMoney, formatNumber, formatWords } from '../core/format';
import { numberOf, type Row, textOf } from '../core/rows';
import { largestOf } from '../core/series';

const FIGURES = ['conversions', 'value', 'sessions', 'cost'] as const;
const BARS_MAX = 15;

export function CampaignsPage() {
  const figure = useFigure(FIGURES);
  const campaigns = useReport('campaigns');
  const roi = useReport('roi');
  const campaignChart = useCallback(
    (rows: readonly Row[]) => campaignsChart(rows, figure),
    [figure],
  );
  return (
    <Page
      title="Campaigns"
      filters={<Filters reports={['campaigns', 'roi']} without={['by', 'basis']} />}
    >
      <Panel
        answer={campaigns}
        chart={campaignChart}
        withTable
        bar={figure}
        controls={
          <div class="panel-controls">
            <FigureSwitch figures={FIGURES} />
            <p class="muted">The chart leaves out sessions without a campaign.</p>
          </div>
        }
      />
      <Panel
        answer={roi}
        chart={roiChart}
        withTable
        bar="cost"
        controls={
          <div class="panel-controls">
            <ChoiceParameter report="roi" name="by" label="Tell apart" />
            <ChoiceParameter report="roi" name="basis" label="Dates are those of" />
          </div>
        }
      />
    </Page>
  );
}

/** Bars in the colour of the campaign's channel; the source tells namesakes apart. */
function campaignsChart(rows: readonly Row[], figure: string) {
  const largest = rows
    .filter((row) => textOf(row, 'campaign') !== '(not set)' && numberOf(row, figure) > 0)
    .sort((a, b) => numberOf(b, figure) - numberOf(a, figure))
    .slice(0, BARS_MAX);
  if (largest.length === 0) return null;
  return barChart({
    label: formatWords(figure),
    names: largest.map((row) => `${textOf(row, 'campaign')} · ${textOf(row, 'source')}`),
    values: largest.map((row) => numberOf(row, figure)),
    colors: largest.map((row) => textOf(row, 'channel')),
    format: figure === 'value' || figure === 'cost' ? formatMoney : formatNumber,
  });
}

function roiChart(rows: readonly Row[]) {
  const spent = largestOf(rows, 'dimension', 'roas', BARS_MAX);
  if (spent.names.length === 0) return null;
  return barChart({
    label: 'Value for each unit spent',
    ...spent,
    format: (value) => `${formatNumber(value)}×`,
  });
}
