// One company: who of it came, and everything that happened, in order.
import { useMemo } from 'preact/hooks';
import { stackChart } from '../charts/time';
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { DataTable } from '../components/table';
import { Tiles } from '../components/tiles';
import { Timeline } from '../components/timeline';
import { type ReportAnswer, useReport } from '../core/catalog';
import { formatNumber } from '../core/format';
import { addDays, weekOf } from '../core/range';
import { Link } from '../core/router';
import { type Row, sumOf, textOf } from '../core/rows';
import { stackOf } from '../core/series';

const COMMITTEE_COLUMNS = [
  'name',
  'what',
  'person',
  'happened_at',
  'channel',
  'sessions',
  'pageviews',
];

export function AccountPage({ account }: { account: string }) {
  const answer = useReport('account', { account });
  return (
    <Page
      title={account}
      lead="Committee and timeline of one account"
      filters={<Filters reports={['account']} without={['account']} />}
    >
      <p class="crumbs">
        <Link to="/accounts">All accounts</Link>
      </p>
      <AccountTiles answer={answer} />
      <Panel
        answer={answer}
        title="Committee"
        note="People of the account, by their first visit in these dates"
        content={(rows) => (
          <DataTable
            caption="Committee"
            rows={rows.filter((row) => row.section === 'committee')}
            columns={COMMITTEE_COLUMNS}
            labels={{
              what: 'Headline',
              happened_at: 'First visit (UTC)',
              channel: 'First channel',
            }}
            bar="sessions"
          />
        )}
      />
      <Panel
        answer={answer}
        title="Timeline"
        note="Sessions by week and person; below, sessions and conversions, newest first, UTC"
        chart={activityChart}
        content={(rows) => <Timeline rows={rows.filter((row) => row.section === 'timeline')} who />}
      />
    </Page>
  );
}

/** Sessions by week, told apart by person. */
function activityChart(rows: readonly Row[]) {
  const sessions = rows
    .filter((row) => row.section === 'timeline' && row.what === 'session')
    .map((row) => ({
      week: weekOf(textOf(row, 'happened_at').slice(0, 10)),
      who: textOf(row, 'name') || textOf(row, 'person'),
      sessions: 1,
    }));
  if (sessions.length === 0) return null;
  return stackChart({
    label: 'Sessions',
    ...stackOf(sessions, 'week', 'who', 'sessions', 8, weeksOf(sessions)),
    format: formatNumber,
  });
}

function weeksOf(sessions: readonly { week: string }[]): string[] {
  const weeks = sessions.map(({ week }) => week).sort();
  const [first, last] = [weeks[0], weeks.at(-1)];
  const all: string[] = [];
  if (first === undefined || last === undefined) return all;
  for (let week = first; week <= last; week = addDays(week, 7)) all.push(week);
  return all;
}

function AccountTiles({ answer }: { answer: ReportAnswer }) {
  const tiles = useMemo(() => tilesOf(answer.rows), [answer.rows]);
  return <Tiles label="Figures of the account" tiles={tiles} />;
}

function tilesOf(rows: readonly Row[] | null) {
  const committee = rows?.filter((row) => row.section === 'committee') ?? null;
  const timeline = rows?.filter((row) => row.section === 'timeline') ?? null;
  const converted = timeline?.filter((row) => textOf(row, 'what') !== 'session') ?? null;
  return [
    { name: 'people', label: 'Visitors seen', value: committee?.length ?? null },
    { name: 'sessions', label: 'Sessions', value: committee && sumOf(committee, 'sessions') },
    { name: 'pageviews', label: 'Page views', value: committee && sumOf(committee, 'pageviews') },
    { name: 'conversions', label: 'Conversions', value: converted?.length ?? null },
    { name: 'value', label: 'Value', value: converted && sumOf(converted, 'value') },
  ];
}
