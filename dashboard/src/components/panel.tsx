// A panel shows one report: a chart, its table, and on request its CSV and its SQL.
import type { ComponentChildren } from 'preact';
import { useId, useMemo, useState } from 'preact/hooks';
import type { ChartSpec } from '../charts/base';
import { type ReportAnswer, useCatalog } from '../core/catalog';
import { rowsUrl } from '../core/report';
import { type Row, splitFooters } from '../core/rows';
import { Chart } from './chart';
import { SqlDialog } from './sql';
import { Empty, Failure, Loading } from './status';
import { DataTable } from './table';

interface PanelProps {
  readonly answer: ReportAnswer;
  readonly title?: string;
  readonly note?: string | null;
  /** Draws the rows; null for no chart. Rows that sum others are left out. */
  readonly chart?: (rows: readonly Row[]) => ChartSpec | null;
  /** Stands between head and chart, such as a switch of what is drawn. */
  readonly controls?: ComponentChildren;
  /** Draws the rows in its own way, in place of chart and table. */
  readonly content?: (rows: readonly Row[]) => ComponentChildren;
  /** The table is always there, not only on request. */
  readonly withTable?: boolean;
  readonly bar?: string;
  /** Numbers of the table are shaded by their size. */
  readonly heat?: boolean;
  readonly columns?: readonly string[];
  readonly rowsShown?: number;
}

export function Panel(props: PanelProps) {
  const { answer, withTable = false } = props;
  const { report, rows, question, error, isLoading, retry } = answer;
  const [tableWanted, setTableWanted] = useState(false);
  const [sqlWanted, setSqlWanted] = useState(false);
  const id = useId();
  const showsSql = useCatalog().lake.role !== 'viewer';
  const title = props.title ?? report?.title ?? 'Report';
  const hasChart = props.chart !== undefined || props.content !== undefined;
  const showsTable = withTable || !hasChart || tableWanted;
  return (
    <section class="panel" aria-labelledby={id} aria-busy={isLoading} data-report={report?.name}>
      <header class="panel-head">
        <div>
          <h2 id={id}>{title}</h2>
          <p class="description">{props.note ?? report?.description}</p>
        </div>
        {report !== undefined && (
          <div class="actions">
            {hasChart && !withTable && (
              <button
                type="button"
                aria-pressed={tableWanted}
                aria-label={`Table of ${title}`}
                onClick={() => setTableWanted(!tableWanted)}
              >
                Table
              </button>
            )}
            <a
              class="button"
              href={rowsUrl(report.name, question.parameters, 'csv')}
              aria-label={`CSV of ${title}`}
              download={`${report.name}.csv`}
            >
              CSV
            </a>
            {showsSql && (
              <button
                type="button"
                aria-label={`SQL of ${title}`}
                onClick={() => setSqlWanted(true)}
              >
                SQL
              </button>
            )}
          </div>
        )}
      </header>
      {question.ignored.map((sentence) => (
        <p key={sentence} class="notice">
          {sentence}
        </p>
      ))}
      {props.controls}
      {error !== null && <Failure message={error} onRetry={retry} />}
      {error === null && rows === null && <Loading what={title} />}
      {error === null && rows !== null && (
        <div class={isLoading ? 'panel-body stale' : 'panel-body'}>
          <PanelBody {...props} rows={rows} title={title} showsTable={showsTable} />
        </div>
      )}
      {sqlWanted && report !== undefined && (
        <SqlDialog
          name={report.name}
          title={title}
          parameters={question.parameters}
          onClose={() => setSqlWanted(false)}
        />
      )}
    </section>
  );
}

interface PanelBodyProps extends PanelProps {
  readonly rows: readonly Row[];
  readonly title: string;
  readonly showsTable: boolean;
}

function PanelBody(props: PanelBodyProps) {
  const { rows, title, chart, content, showsTable, bar, heat, columns, rowsShown } = props;
  const body = useMemo(() => splitFooters(rows).body, [rows]);
  const spec = useMemo(() => (body.length === 0 ? null : (chart?.(body) ?? null)), [body, chart]);
  if (rows.length === 0) return <Empty />;
  return (
    <>
      {spec !== null && <Chart spec={spec} />}
      {content?.(rows)}
      {showsTable && <DataTable {...{ caption: title, rows, bar, heat, columns, rowsShown }} />}
    </>
  );
}
