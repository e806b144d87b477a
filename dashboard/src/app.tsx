// The frame around all pages: navigation, theme, sign-out, and the page of the address.

import { Sidebar } from './components/sidebar';
import { Failure, Loading } from './components/status';
import { pathTail } from './core/address';
import { useAnswer } from './core/answer';
import { forgetAnswers } from './core/api';
import { type Catalog, CatalogProvider } from './core/catalog';
import type { Lake, Report } from './core/report';
import { RouterProvider, useRouter } from './core/router';
import { AccountPage } from './pages/account';
import { AccountsPage } from './pages/accounts';
import { AuditPage } from './pages/audit';
import { CampaignsPage } from './pages/campaigns';
import { ChannelsPage } from './pages/channels';
import { FirmographicsPage } from './pages/firmographics';
import { IngestionPage } from './pages/ingestion';
import { MissingPage } from './pages/missing';
import { OverviewPage } from './pages/overview';
import { PathsPage } from './pages/paths';
import { PersonPage } from './pages/person';
import { ReportPage } from './pages/report';
import { ReportsPage } from './pages/reports';

export function App() {
  return (
    <RouterProvider>
      <Frame />
    </RouterProvider>
  );
}

function Frame() {
  const reports = useAnswer<Report[]>('/api/reports');
  const lake = useAnswer<Lake>('/api/lake');
  const error = reports.error ?? lake.error;
  const retry = () => {
    forgetAnswers();
    reports.retry();
    lake.retry();
  };
  const catalog: Catalog | null =
    reports.value !== null && lake.value !== null
      ? { reports: reports.value, lake: lake.value }
      : null;
  return (
    <div class="frame">
      <a class="skip" href="#content">
        Skip to content
      </a>
      <Sidebar lake={lake.value} />
      <main id="content" tabIndex={-1}>
        {error !== null && <Failure message={error} onRetry={retry} />}
        {error === null && catalog === null && <Loading what="reports" />}
        {catalog !== null && (
          <CatalogProvider catalog={catalog}>
            <CurrentPage />
          </CatalogProvider>
        )}
      </main>
    </div>
  );
}

function CurrentPage() {
  const { path } = useRouter().address;
  switch (path) {
    case '/':
      return <OverviewPage />;
    case '/channels':
      return <ChannelsPage />;
    case '/campaigns':
      return <CampaignsPage />;
    case '/paths':
      return <PathsPage />;
    case '/accounts':
      return <AccountsPage />;
    case '/firmographics':
      return <FirmographicsPage />;
    case '/audit':
      return <AuditPage />;
    case '/ingestion':
      return <IngestionPage />;
    case '/reports':
      return <ReportsPage />;
    default:
      return <NamedPage path={path} />;
  }
}

function NamedPage({ path }: { path: string }) {
  const account = pathTail(path, '/accounts/');
  if (account !== null) return <AccountPage key={account} account={account} />;
  const person = pathTail(path, '/people/');
  if (person !== null) return <PersonPage key={person} person={person} />;
  const report = pathTail(path, '/reports/');
  if (report !== null) return <ReportPage key={report} name={report} />;
  return <MissingPage path={path} />;
}
