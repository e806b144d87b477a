// Any report with a form made from its parameters.
import { useMemo } from 'preact/hooks';
import { barChart } from '../charts/bars';
import { areaChart } from '../charts/time';
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { useReport } from '../core/catalog';
import { type Column, columnsOf } from '../core/columns';
import { formatMoney, formatNumber, formatWords } from '../core/format';
import { rowsUrl } from '../core/report';
import { Link } from '../core/router';
import { numberOf, type Row, splitFooters, textOf } from '../core/rows';
import { largestOf } from '../core/series';

const MEASURES = ['conversions', 'sessions', 'influenced', 'n', 'entities', 'viewers'];
const BARS_MAX = 12;

export function ReportPage({ name }: { name: string }) {
  const answer = useReport(name);
  const { report, question, rows } = answer;
  const drawn = useMemo(() => drawnMeasure(rows ?? []), [rows]);
  return (
    <Page
      title={report?.title ?? 'Report'}
      lead={report?.description}
      filters={<Filters reports={[name]} open />}
    >
      <p class="crumbs">
        <Link to="/reports">All reports</Link>
      </p>
      <Panel
        answer={answer}
        title="Result"
        note={report?.note ?? null}
        chart={guessChart}
        withTable
        controls={
          report !== undefined && (
            <p class="drawn">
              <a href={rowsUrl(name, question.parameters, 'parquet')} download={`${name}.parquet`}>
                Parquet
              </a>
              {' · on the command line: '}
              <code>tributary report {name}</code>
              {drawn !== null && ` · drawn: ${drawn}`}
            </p>
          )
        }
      />
    </Page>
  );
}

/** Heading of the column that a report's chart draws; null without a chart. */
function drawnMeasure(rows: readonly Row[]): string | null {
  const { body } = splitFooters(rows);
  const measure = measureOf(columnsOf(body));
  return guessChart(body) === null ? null : (measure?.label ?? null);
}

function measureOf(columns: readonly Column[]): Column | undefined {
  return MEASURES.map((name) => columns.find((column) => column.name === name)).find(
    (column) => column?.isNumeric,
  );
}

/** Draws a report that has days, or names with a figure; others have no chart. */
function guessChart(rows: readonly Row[]) {
  const columns = columnsOf(rows);
  const [first] = columns;
  const measure = measureOf(columns);
  if (first === undefined || measure === undefined) return null;
  const label = formatWords(measure.name);
  const format = measure.kind === 'money' ? formatMoney : formatNumber;
  const names = new Set(rows.map((row) => textOf(row, first.name)));
  if (names.size < rows.length || rows.length < 2) return null;
  if (first.name === 'date') {
    const values = rows.map((row) => numberOf(row, measure.name));
    return areaChart({ label, days: [...names], values, format });
  }
  if (first.isNumeric || first.kind === 'time' || first.kind === 'day') return null;
  return barChart({ label, ...largestOf(rows, first.name, measure.name, BARS_MAX), format });
}
