// Transitions as a matrix: rows are where a journey stood, columns where it went next.
import { formatNumber, formatPercent } from '../core/format';
import { numberOf, type Row, textOf } from '../core/rows';

const STATES_MAX = 16;
const END_LABELS: Readonly<Record<string, string>> = {
  '(start)': 'Start',
  '(conversion)': 'Conversion',
  '(null)': 'No conversion',
};

export function Matrix({ rows }: { rows: readonly Row[] }) {
  const { from, to, cells } = matrixOf(rows);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide matrix scrolls, also by keyboard
    <section class="table-scroll" tabIndex={0} aria-label="Matrix of transitions">
      <table class="matrix">
        <caption class="hidden">Share of transitions from each row to each column</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {to.map((name) => (
              <th key={name} scope="col" class="number">
                {END_LABELS[name] ?? name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {from.map((name) => (
            <tr key={name}>
              <th scope="row">{END_LABELS[name] ?? name}</th>
              {to.map((target) => (
                <MatrixCell key={target} row={cells.get(`${name}\n${target}`)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function MatrixCell({ row }: { row: Row | undefined }) {
  if (row === undefined) return <td class="number faint">–</td>;
  const share = numberOf(row, 'probability');
  return (
    <td
      class="number heat"
      style={{ '--heat': `${Math.round(40 * Math.sqrt(share))}%` }}
      title={`${formatNumber(numberOf(row, 'transitions'))} transitions`}
    >
      {formatPercent(Math.round(1000 * share) / 10)}
    </td>
  );
}

function matrixOf(rows: readonly Row[]) {
  const leaving = new Map<string, number>();
  const cells = new Map<string, Row>();
  for (const row of rows) {
    const name = textOf(row, 'from_state');
    leaving.set(name, (leaving.get(name) ?? 0) + numberOf(row, 'transitions'));
    cells.set(`${name}\n${textOf(row, 'to_state')}`, row);
  }
  const named = [...leaving]
    .filter(([name]) => name !== '(start)')
    .sort((a, b) => b[1] - a[1])
    .slice(0, STATES_MAX)
    .map(([name]) => name);
  const ends = ['(conversion)', '(null)'];
  return {
    from: leaving.has('(start)') ? ['(start)', ...named] : named,
    to: [...ends, ...named],
    cells,
  };
}
