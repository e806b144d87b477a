// Sessions and conversions as a list, newest first, under the days on which they happened.
import { useMemo, useState } from 'preact/hooks';
import { formatDay, formatMoney, formatNumber } from '../core/format';
import { Link } from '../core/router';
import { numberOf, type Row, textOf } from '../core/rows';

const EVENTS_SHOWN = 60;

interface TimelineProps {
  readonly rows: readonly Row[];
  /** Names the person of each event, for timelines of several people. */
  readonly who?: boolean;
}

export function Timeline({ rows, who = false }: TimelineProps) {
  const [showsAll, setShowsAll] = useState(false);
  const newest = useMemo(() => [...rows].reverse(), [rows]);
  const shown = showsAll ? newest : newest.slice(0, EVENTS_SHOWN);
  const days = useMemo(() => byDay(shown), [shown]);
  return (
    <>
      <ol class="timeline">
        {days.map(([day, events]) => (
          <li key={day}>
            <h3>{formatDay(day)}</h3>
            <ul>
              {events.map((row, i) => (
                <TimelineEvent key={i} row={row} who={who} />
              ))}
            </ul>
          </li>
        ))}
      </ol>
      {newest.length > shown.length && (
        <button type="button" class="link" onClick={() => setShowsAll(true)}>
          Show all {newest.length} events
        </button>
      )}
    </>
  );
}

function TimelineEvent({ row, who }: { row: Row; who: boolean }) {
  const what = textOf(row, 'what');
  const isSession = what === 'session';
  const person = textOf(row, 'person');
  const value = row.value;
  const source = [textOf(row, 'source'), textOf(row, 'campaign')].filter((text) => text !== '');
  return (
    <li class={isSession ? 'event' : 'event conversion'}>
      <time dateTime={textOf(row, 'happened_at')}>{textOf(row, 'happened_at').slice(11, 16)}</time>
      <span class="event-what">
        {isSession ? (
          <span class="chip">{textOf(row, 'channel') || 'Session'}</span>
        ) : (
          <strong>{what}</strong>
        )}
        {who && person !== '' && (
          <Link to={`/people/${encodeURIComponent(person)}`}>{textOf(row, 'name') || person}</Link>
        )}
        {textOf(row, 'page') !== '' && <span class="event-page">{textOf(row, 'page')}</span>}
        {source.length > 0 && <span class="muted">{source.join(' / ')}</span>}
        {isSession && <span class="muted">{pagesText(numberOf(row, 'pageviews'))}</span>}
        {typeof value === 'number' && <span class="event-value">{formatMoney(value)}</span>}
      </span>
    </li>
  );
}

function pagesText(n: number): string {
  return n === 1 ? '1 page view' : `${formatNumber(n)} page views`;
}

function byDay(rows: readonly Row[]): [string, Row[]][] {
  const days = new Map<string, Row[]>();
  for (const row of rows) {
    const day = textOf(row, 'happened_at').slice(0, 10);
    const events = days.get(day);
    if (events === undefined) days.set(day, [row]);
    else events.push(row);
  }
  return [...days];
}
