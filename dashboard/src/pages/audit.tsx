// What to mend in tagging, spend and data.
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { DataTable } from '../components/table';
import { useReport } from '../core/catalog';
import { formatNumber } from '../core/format';
import { numberOf, type Row, sumOf, textOf } from '../core/rows';

export function AuditPage() {
  return (
    <Page title="Audit" filters={<Filters reports={['audit']} />}>
      <Panel
        answer={useReport('audit')}
        title="Findings"
        content={(rows) => <Findings rows={rows} />}
      />
    </Page>
  );
}

/** Checks with their count; those with details open to a table of them. */
function Findings({ rows }: { rows: readonly Row[] }) {
  const checks = new Map<string, Row[]>();
  for (const row of rows) {
    const what = textOf(row, 'what');
    checks.set(what, [...(checks.get(what) ?? []), row]);
  }
  return (
    <ul class="findings">
      {[...checks].map(([what, found]) => {
        const details = found.filter((row) => textOf(row, 'detail') !== '');
        const total = details.length === 0 ? numberOf(found[0], 'n') : sumOf(found, 'n');
        return (
          <li key={what} class={total === 0 ? 'none' : ''}>
            {details.length === 0 ? (
              <p class="finding">
                <span>{sentence(what)}</span>
                <b>{formatNumber(total)}</b>
              </p>
            ) : (
              <details>
                <summary class="finding">
                  <span>
                    {sentence(what)} <span class="muted">({details.length})</span>
                  </span>
                  <b>{formatNumber(total)}</b>
                </summary>
                <DataTable caption={what} rows={details} columns={['detail', 'n']} bar="n" />
              </details>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
