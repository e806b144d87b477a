// One person: every session and conversion, in order.
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { Timeline } from '../components/timeline';
import { useReport } from '../core/catalog';
import { Link } from '../core/router';
import { textOf } from '../core/rows';

export function PersonPage({ person }: { person: string }) {
  const answer = useReport('person', { person });
  const account = textOf(
    answer.rows?.find((row) => textOf(row, 'account') !== ''),
    'account',
  );
  return (
    <Page
      title={person}
      lead="Timeline of one person"
      filters={<Filters reports={['person']} without={['person']} />}
    >
      <p class="crumbs">
        <Link to="/accounts">All accounts</Link>
        {account !== '' && (
          <>
            {' › '}
            <Link to={`/accounts/${encodeURIComponent(account)}`}>{account}</Link>
          </>
        )}
      </p>
      <Panel
        answer={answer}
        title="Timeline"
        note="Sessions and conversions, newest first, UTC"
        content={(rows) => <Timeline rows={rows} />}
      />
    </Page>
  );
}
