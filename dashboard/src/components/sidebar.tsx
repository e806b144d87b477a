// Navigation at the side, or on a narrow screen behind a button on top.
import { useEffect, useState } from 'preact/hooks';
import { formatDay } from '../core/format';
import type { Lake } from '../core/report';
import { Link, useRouter } from '../core/router';
import { chooseTheme, useTheme } from '../core/theme';

const GROUPS = [
  {
    title: 'Attribution',
    pages: [
      { path: '/', title: 'Overview' },
      { path: '/channels', title: 'Channels' },
      { path: '/campaigns', title: 'Campaigns' },
      { path: '/paths', title: 'Paths' },
    ],
  },
  {
    title: 'Companies',
    pages: [
      { path: '/accounts', title: 'Accounts' },
      { path: '/firmographics', title: 'Firmographics' },
    ],
  },
  {
    title: 'Data',
    pages: [
      { path: '/reports', title: 'All reports' },
      { path: '/audit', title: 'Audit' },
      { path: '/ingestion', title: 'Ingestion' },
    ],
  },
];

/** Pages that only some may see, with the role that is needed. */
const ONLY_FOR: Readonly<Record<string, Lake['role']>> = { '/ingestion': 'admin' };

export function Sidebar({ lake }: { lake: Lake | null }) {
  const { path } = useRouter().address;
  const [isOpen, setIsOpen] = useState(false);
  // A page that was opened closes the menu.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what is followed
  useEffect(() => setIsOpen(false), [path]);
  return (
    <header class="sidebar">
      <div class="brand-row">
        <Link to="/" class="brand">
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <path d="M3 8c8 0 8 8 15 8h11M3 24c8 0 8-8 15-8M3 16h15" />
          </svg>
          tributary
        </Link>
        <button
          type="button"
          class="menu-button"
          aria-expanded={isOpen}
          aria-controls="menu"
          onClick={() => setIsOpen(!isOpen)}
        >
          Menu
        </button>
      </div>
      <div id="menu" class={isOpen ? 'menu open' : 'menu'}>
        <nav aria-label="Pages">
          {GROUPS.map((group) => (
            <div key={group.title} class="nav-group">
              <p>{group.title}</p>
              <ul>
                {group.pages
                  .filter((page) => isFor(lake, page.path))
                  .map((page) => (
                    <li key={page.path}>
                      <Link to={page.path} current={isCurrent(path, page.path)}>
                        {page.title}
                      </Link>
                    </li>
                  ))}
              </ul>
            </div>
          ))}
        </nav>
        <div class="sidebar-foot">
          {lake !== null && <LakeDays lake={lake} />}
          <ThemeButton />
          {lake?.token_required && (
            <form method="post" action="/logout">
              <button type="submit">Sign out</button>
            </form>
          )}
        </div>
      </div>
    </header>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" onClick={() => chooseTheme(other)}>
      {other === 'dark' ? 'Dark theme' : 'Light theme'}
    </button>
  );
}

function LakeDays({ lake }: { lake: Lake }) {
  if (lake.first_day === null) return <p class="lake-days">The lake is empty.</p>;
  return (
    <p class="lake-days">
      Lake of {formatDay(lake.first_day)} – {formatDay(lake.last_day)}, UTC
    </p>
  );
}

function isFor(lake: Lake | null, page: string): boolean {
  const role = ONLY_FOR[page];
  return role === undefined || lake?.role === role;
}

function isCurrent(path: string, page: string): boolean {
  if (page === '/accounts' && path.startsWith('/people/')) return true;
  return page === '/' ? path === '/' : path === page || path.startsWith(`${page}/`);
}
