// A report's rows as a table that can be sorted by each column; sums stand below the rows.
import { useMemo, useState } from 'preact/hooks';
import { type Column, columnsOf, formatCell } from '../core/columns';
import { parsePath } from '../core/path';
import { Link } from '../core/router';
import { numberOf, type Row, sortRows, splitFooters, textOf } from '../core/rows';

const ROWS_SHOWN = 50;
const SHORT_CHARS_MAX = 34;
const NARROW_COLUMNS_MAX = 3;

interface DataTableProps {
  readonly caption: string;
  readonly rows: readonly Row[];
  /** Column whose size a bar in the cell shows. */
  readonly bar?: string | undefined;
  /** Columns to show, in order; without it those that hold any value. */
  readonly columns?: readonly string[] | undefined;
  /** Numbers are shaded by their size. */
  readonly heat?: boolean | undefined;
  /** Headings in place of the usual ones. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Rows that are shown before all are asked for. */
  readonly rowsShown?: number | undefined;
}

interface Order {
  readonly column: string;
  readonly ascending: boolean;
}

export function DataTable(props: DataTableProps) {
  const { caption, rows, bar, columns: chosen, heat, labels, rowsShown = ROWS_SHOWN } = props;
  const [order, setOrder] = useState<Order | null>(null);
  const [showsAll, setShowsAll] = useState(false);
  const { body, footers } = useMemo(() => splitFooters(rows), [rows]);
  const { columns, empty } = useMemo(() => chooseColumns(rows, chosen), [rows, chosen]);
  const sorted = order === null ? body : sortRows(body, order.column, order.ascending);
  const shown = showsAll ? sorted : sorted.slice(0, rowsShown);
  const scale = useMemo(
    () => scaleOf(body, columns, bar, heat ?? false),
    [body, columns, bar, heat],
  );
  const sortBy = (column: Column) =>
    setOrder((before) =>
      before?.column === column.name
        ? { column: column.name, ascending: !before.ascending }
        : { column: column.name, ascending: !column.isNumeric },
    );
  return (
    <div class={columns.length <= NARROW_COLUMNS_MAX ? 'table-box narrow' : 'table-box'}>
      {/* Wide tables scroll, so the box can be reached by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <section class="table-scroll" tabIndex={0} aria-label={`Table: ${caption}`}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <HeadCell
                  key={column.name}
                  column={column}
                  label={labels?.[column.name] ?? column.label}
                  order={order}
                  onSort={sortBy}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, i) => (
              <TableRow key={i} row={row} columns={columns} scale={scale} />
            ))}
          </tbody>
          {footers.length > 0 && (
            <tfoot>
              {footers.map((row, i) => (
                <TableRow key={i} row={row} columns={columns} scale={NO_SCALE} />
              ))}
            </tfoot>
          )}
        </table>
      </section>
      {(empty.length > 0 || sorted.length > shown.length) && (
        <p class="table-note">
          {empty.length > 0 && <span>Without any value: {empty.join(', ')}. </span>}
          {sorted.length > shown.length && (
            <button type="button" class="link" onClick={() => setShowsAll(true)}>
              Show all {sorted.length} rows
            </button>
          )}
        </p>
      )}
    </div>
  );
}

/** How large the numbers of a table are, to draw bars or shades behind them. */
interface Scale {
  readonly bar: string | undefined;
  readonly barMax: number;
  /** Largest number that is shaded; 0 for no shades. */
  readonly heatMax: number;
}

const NO_SCALE: Scale = { bar: undefined, barMax: 0, heatMax: 0 };

interface HeadCellProps {
  readonly column: Column;
  readonly label: string;
  readonly order: Order | null;
  readonly onSort: (column: Column) => void;
}

function HeadCell({ column, label, order, onSort }: HeadCellProps) {
  const isSorted = order?.column === column.name;
  const direction = isSorted ? (order.ascending ? 'ascending' : 'descending') : undefined;
  return (
    <th
      scope="col"
      class={column.isNumeric ? 'number' : ''}
      aria-sort={direction}
      data-column={column.name}
    >
      <button type="button" onClick={() => onSort(column)}>
        {label}
        {isSorted && <span aria-hidden="true">{order.ascending ? ' ↑' : ' ↓'}</span>}
      </button>
    </th>
  );
}

interface TableRowProps {
  readonly row: Row;
  readonly columns: readonly Column[];
  readonly scale: Scale;
}

function TableRow({ row, columns, scale }: TableRowProps) {
  return (
    <tr>
      {columns.map((column) => {
        const { mark, style } = markOf(row, column, scale);
        return (
          <td key={column.name} class={`${shapeOf(row, column)}${mark}`} style={style}>
            <CellContent row={row} column={column} />
          </td>
        );
      })}
    </tr>
  );
}

/** Short texts stay on one line, long ones get room to wrap. */
function shapeOf(row: Row, column: Column): string {
  if (column.isNumeric) return 'number';
  return formatCell(row[column.name], column.kind).length > SHORT_CHARS_MAX ? 'long' : 'short';
}

function markOf(row: Row, column: Column, { bar, barMax, heatMax }: Scale) {
  if (!column.isNumeric) return { mark: '', style: undefined };
  const value = numberOf(row, column.name);
  if (column.name === bar && barMax > 0) {
    const share = `${((100 * value) / barMax).toFixed(1)}%`;
    return { mark: ' bar', style: { '--share': share } };
  }
  if (heatMax > 0) {
    const heat = `${Math.round((38 * value) / heatMax)}%`;
    return { mark: ' heat', style: { '--heat': heat } };
  }
  return { mark: '', style: undefined };
}

function scaleOf(
  body: readonly Row[],
  columns: readonly Column[],
  bar: string | undefined,
  heat: boolean,
): Scale {
  const largest = (name: string) => Math.max(0, ...body.map((row) => numberOf(row, name)));
  const numeric = columns.filter((column) => column.isNumeric);
  return {
    bar,
    barMax: bar === undefined ? 0 : largest(bar),
    heatMax: heat ? Math.max(0, ...numeric.map((column) => largest(column.name))) : 0,
  };
}

function CellContent({ row, column }: { row: Row; column: Column }) {
  const text = formatCell(row[column.name], column.kind);
  const value = textOf(row, column.name);
  if (value !== '' && column.kind === 'account') {
    return <Link to={`/accounts/${encodeURIComponent(value)}`}>{text}</Link>;
  }
  if (value !== '' && column.kind === 'person') {
    return <Link to={`/people/${encodeURIComponent(value)}`}>{text}</Link>;
  }
  if (column.kind === 'path') return <PathSteps path={value} />;
  return <>{text}</>;
}

function PathSteps({ path }: { path: string }) {
  return (
    <span class="path">
      {parsePath(path).map((step, i) => (
        <span key={i}>
          {i > 0 && <span class="path-arrow">{' › '}</span>}
          <span class="chip">{step}</span>
        </span>
      ))}
    </span>
  );
}

function chooseColumns(rows: readonly Row[], chosen: readonly string[] | undefined) {
  const all = columnsOf(rows);
  if (chosen !== undefined) {
    return { columns: all.filter((column) => chosen.includes(column.name)), empty: [] };
  }
  const isFilled = (column: Column) => rows.some((row) => (row[column.name] ?? null) !== null);
  return {
    columns: all.filter(isFilled),
    empty: all.filter((column) => !isFilled(column)).map((column) => column.label),
  };
}
