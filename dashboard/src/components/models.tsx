// Models side by side: the same conversions, shared out by as many models as the reader picks.
import { useCallback, useMemo } from 'preact/hooks';
import { groupChart } from '../charts/bars';
import { useReport } from '../core/catalog';
import { formatMoney, formatNumber, formatWords } from '../core/format';
import { useRouter } from '../core/router';
import { numberOf, type Row, textOf } from '../core/rows';
import { Switch } from './choice';
import { Panel } from './panel';

const USUAL = ['first_touch', 'last_non_direct', 'linear', 'position_based', 'markov'];
const NAMES_MAX = 12;

export function ModelsPanel() {
  const { address, change } = useRouter();
  const { filters } = address;
  const measure = filters.measure ?? 'conversions';
  const chosen = useMemo(() => filters.models?.split(',') ?? USUAL, [filters.models]);
  const models = useReport('models');
  const known = Object.keys(models.rows?.[0] ?? {}).filter((name) => name !== 'dimension');
  const columns = useMemo(() => ['dimension', ...chosen], [chosen]);
  const toggle = (name: string) => {
    const next = known.filter((model) => (model === name) !== chosen.includes(model));
    if (next.length === 0) return;
    const isUsual = next.length === USUAL.length && next.every((model) => USUAL.includes(model));
    change({ models: isUsual ? null : next.join(',') });
  };
  const chart = useCallback(
    (rows: readonly Row[]) => modelsChart(rows, chosen, measure),
    [chosen, measure],
  );
  return (
    <Panel
      answer={models}
      title="Models side by side"
      chart={chart}
      withTable
      heat
      columns={columns}
      controls={
        <div class="panel-controls">
          <Switch
            label="What is shared out"
            value={measure}
            options={[
              { value: 'conversions', label: 'Conversions' },
              { value: 'value', label: 'Value' },
            ]}
            onChange={(value) => change({ measure: value === 'conversions' ? null : value })}
          />
          <fieldset class="chips">
            <legend>Models</legend>
            {known.map((name) => (
              <label key={name}>
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={() => toggle(name)}
                />
                {formatWords(name)}
              </label>
            ))}
          </fieldset>
        </div>
      }
    />
  );
}

function modelsChart(rows: readonly Row[], models: readonly string[], measure: string) {
  const shown = rows.slice(0, NAMES_MAX);
  return groupChart({
    label: formatWords(measure),
    names: shown.map((row) => textOf(row, 'dimension')),
    groups: models.map((model) => ({
      name: formatWords(model),
      values: shown.map((row) => numberOf(row, model)),
    })),
    format: measure === 'value' ? formatMoney : formatNumber,
  });
}
