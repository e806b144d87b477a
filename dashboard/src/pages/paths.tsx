// How conversions came about: the paths, how long they were, and which step follows which.
import { useCallback } from 'preact/hooks';
import { barChart, columnChart } from '../charts/bars';
import { flowChart, flowOf } from '../charts/flow';
import { Select } from '../components/choice';
import { ChoiceParameter } from '../components/dimension';
import { Filters } from '../components/filters';
import { Matrix } from '../components/matrix';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { useReport } from '../core/catalog';
import { formatNumber, formatPercent } from '../core/format';
import { parsePath } from '../core/path';
import { useRouter } from '../core/router';
import { numberOf, type Row, textOf } from '../core/rows';
import { largestOf } from '../core/series';

const PATHS_MAX = '200';
const STEPS = ['2', '3', '4', '5', '6'];
const STEPS_USUAL = '4';
const NAMES_A_STEP = 7;

export function PathsPage() {
  const { address, change } = useRouter();
  const steps = address.filters.shown_steps ?? STEPS_USUAL;
  const paths = useReport('paths', { limit: PATHS_MAX });
  const lengths = useReport('path-length');
  const lags = useReport('time-lag');
  const transitions = useReport('transitions');
  const flow = useCallback((rows: readonly Row[]) => pathsChart(rows, Number(steps)), [steps]);
  return (
    <Page
      title="Paths"
      filters={
        <Filters
          reports={['paths', 'path-length', 'time-lag', 'transitions']}
          without={['by', 'transform', 'limit']}
        />
      }
    >
      <Panel
        answer={paths}
        title="Paths to conversion"
        note={`The ${PATHS_MAX} most frequent paths of touches that end in conversions`}
        chart={flow}
        withTable
        bar="conversions"
        rowsShown={20}
        controls={
          <div class="panel-controls">
            <Select
              label="Last touches drawn"
              value={steps}
              options={STEPS.map((value) => ({ value, label: value }))}
              onChange={(value) => change({ shown_steps: value === STEPS_USUAL ? null : value })}
            />
            <ChoiceParameter report="paths" name="by" label="Tell apart" />
            <ChoiceParameter report="paths" name="transform" label="Repeats" />
          </div>
        }
      />
      <div class="columns">
        <Panel answer={lengths} chart={lengthChart} />
        <Panel answer={lags} chart={lagChart} />
      </div>
      <Panel
        answer={transitions}
        title="What follows what"
        note="Of all touches in a row, the share that goes on to each column; journeys without a conversion count too"
        content={(rows) => <Matrix rows={rows} />}
      />
      <Panel
        answer={transitions}
        title="How much each would be missed"
        note="Removal effect: the share of conversions that would be lost without it, by a Markov chain"
        chart={removalChart}
      />
    </Page>
  );
}

function pathsChart(rows: readonly Row[], steps: number) {
  const walked = rows.map((row) => ({
    touches: parsePath(textOf(row, 'path')),
    conversions: numberOf(row, 'conversions'),
  }));
  return flowChart(flowOf(walked, steps, NAMES_A_STEP));
}

function lengthChart(rows: readonly Row[]) {
  return columnChart({
    label: 'Conversions',
    names: rows.map((row) => textOf(row, 'path_length')),
    values: rows.map((row) => numberOf(row, 'conversions')),
    format: formatNumber,
  });
}

/** Days without a conversion are drawn too, or the gaps between days would look alike. */
function lagChart(rows: readonly Row[]) {
  const counts = new Map(
    rows.map((row) => [numberOf(row, 'days'), numberOf(row, 'conversions')] as const),
  );
  const days = Array.from({ length: Math.max(...counts.keys()) + 1 }, (_, day) => day);
  return columnChart({
    label: 'Conversions',
    names: days.map(String),
    values: days.map((day) => counts.get(day) ?? 0),
    format: formatNumber,
  });
}

function removalChart(rows: readonly Row[]) {
  const first = new Map(rows.map((row) => [textOf(row, 'from_state'), row]));
  const { names, values } = largestOf([...first.values()], 'from_state', 'removal_effect', 20);
  if (names.length === 0) return null;
  return barChart({
    label: 'Removal effect',
    names,
    values: values.map((value) => 100 * value),
    format: formatPercent,
  });
}
