// The filters of a page: those that at least one of its reports takes. All of them are written
// to the address, defaults aside.
import { useState } from 'preact/hooks';
import type { Filters as FilterValues } from '../core/address';
import { useCatalog } from '../core/catalog';
import { formatDay, formatWords } from '../core/format';
import { addDays, isDay, PRESETS, resolveRange } from '../core/range';
import { defaultText, type Lake, mergeParameters, type Parameter } from '../core/report';
import { type Router, useRouter } from '../core/router';
import { type Option, Select, Switch } from './choice';
import { ParameterField } from './parameter';

const CUSTOM = 'custom';
const MAIN = ['from', 'to', 'tenant', 'conversion', 'unit', 'model', 'lookback'];
const LOOKBACKS = ['7d', '14d', '30d', '60d', '90d', '180d', '365d'];

interface FiltersProps {
  /** Names of the page's reports. */
  readonly reports: readonly string[];
  /** Parameters that the page sets in its own way, and that are not filters. */
  readonly without?: readonly string[];
  /** Further parameters are open to see, not behind a button. */
  readonly open?: boolean;
}

export function Filters({ reports, without = [], open = false }: FiltersProps) {
  const catalog = useCatalog();
  const router = useRouter();
  const used = catalog.reports.filter((report) => reports.includes(report.name));
  const parameters = mergeParameters(used).filter(({ name }) => !without.includes(name));
  const further = parameters.filter(({ name }) => !MAIN.includes(name));
  const nFurtherSet = further.filter(({ name }) => name in router.address.filters).length;
  const [isOpen, setIsOpen] = useState(open || nFurtherSet > 0);
  const fields = further.map((parameter) => (
    <ParameterField
      key={parameter.name}
      parameter={parameter}
      value={router.address.filters[parameter.name] ?? ''}
      onChange={(value) => router.change({ [parameter.name]: value })}
    />
  ));
  return (
    <search class="filters" aria-label="Filters">
      <div class="main-filters">
        <MainFilters parameters={parameters} router={router} lake={catalog.lake} />
        {further.length > 0 && !open && (
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls="further-filters"
            onClick={() => setIsOpen(!isOpen)}
          >
            More filters{nFurtherSet > 0 ? ` (${nFurtherSet})` : ''}
          </button>
        )}
      </div>
      {further.length > 0 && (
        <div id="further-filters" class="further" hidden={!isOpen}>
          {fields}
        </div>
      )}
    </search>
  );
}

interface MainFiltersProps {
  readonly parameters: readonly Parameter[];
  readonly router: Router;
  readonly lake: Lake;
}

function MainFilters({ parameters, router, lake }: MainFiltersProps) {
  const { filters } = router.address;
  const find = (name: string) => parameters.find((parameter) => parameter.name === name);
  const model = find('model');
  const unit = find('unit');
  const set = (name: string, parameter: Parameter) => (value: string) =>
    router.change({ [name]: value === defaultText(parameter) ? null : value });
  const anyOf = (values: readonly string[], label: string): Option[] => [
    { value: '', label },
    ...values.map((value) => ({ value, label: value })),
  ];
  return (
    <>
      {find('from') && find('to') && <RangeFilter filters={filters} router={router} lake={lake} />}
      {find('tenant') && (lake.tenants.length > 1 || filters.tenant !== undefined) && (
        <Select
          label="Tenant"
          value={filters.tenant ?? ''}
          options={anyOf(lake.tenants, 'All tenants')}
          onChange={(tenant) => router.change({ tenant })}
        />
      )}
      {find('conversion') && (
        <Select
          label="Conversion"
          value={filters.conversion ?? ''}
          options={anyOf(lake.conversions, 'All conversions')}
          onChange={(conversion) => router.change({ conversion })}
        />
      )}
      {model && (
        <Select
          label="Model"
          value={filters.model ?? defaultText(model)}
          options={(model.choices ?? []).map((value) => ({ value, label: formatWords(value) }))}
          onChange={set('model', model)}
        />
      )}
      {find('lookback') && (
        <Select
          label="Lookback"
          value={filters.lookback ?? ''}
          options={lookbackOptions()}
          onChange={(lookback) => router.change({ lookback })}
        />
      )}
      {unit && (
        <div class="field">
          <span class="field-label" aria-hidden="true">
            Journeys of
          </span>
          <Switch
            label="Journeys of"
            value={filters.unit ?? defaultText(unit)}
            options={(unit.choices ?? []).map((value) => ({ value, label: formatWords(value) }))}
            onChange={set('unit', unit)}
          />
        </div>
      )}
    </>
  );
}

interface RangeFilterProps {
  readonly filters: FilterValues;
  readonly router: Router;
  readonly lake: Lake;
}

function RangeFilter({ filters, router, lake }: RangeFilterProps) {
  const { range, from, to } = filters;
  const isCustom = range === undefined && (from !== undefined || to !== undefined);
  const resolved = resolveRange(filters, lake.last_day);
  const first = resolved.from ?? lake.first_day ?? '';
  const last = resolved.to !== null && isDay(resolved.to) ? addDays(resolved.to, -1) : '';
  const shownLast = last || (lake.last_day ?? '');
  const choose = (value: string) =>
    value === CUSTOM
      ? router.change({
          range: null,
          from: first,
          to: shownLast === '' ? null : addDays(shownLast, 1),
        })
      : router.change({ range: value, from: null, to: null });
  const options = [
    ...PRESETS.map(({ name, label }) => ({ value: name, label })),
    { value: CUSTOM, label: 'Other dates…' },
  ];
  return (
    <>
      <Select
        label="Dates"
        value={isCustom ? CUSTOM : (range ?? '')}
        options={options}
        onChange={choose}
      />
      {isCustom ? (
        <>
          <DayField
            label="First day"
            value={first}
            onChange={(day) => router.change({ from: day })}
          />
          <DayField
            label="Last day"
            value={shownLast}
            onChange={(day) => router.change({ to: addDays(day, 1) })}
          />
        </>
      ) : (
        first !== '' && (
          <p class="range-text">
            {formatDay(first)} – {formatDay(shownLast)}
          </p>
        )
      )}
    </>
  );
}

interface DayFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (day: string) => void;
}

function DayField({ label, value, onChange }: DayFieldProps) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <input
        type="date"
        value={value}
        onChange={(event) => {
          const day = event.currentTarget.value;
          if (isDay(day)) onChange(day);
        }}
      />
    </label>
  );
}

function lookbackOptions(): Option[] {
  return [
    { value: '', label: 'Usual' },
    ...LOOKBACKS.map((value) => ({ value, label: `${value.slice(0, -1)} days` })),
    { value: 'none', label: 'All time' },
  ];
}
