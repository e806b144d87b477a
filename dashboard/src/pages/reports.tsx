// All bundled reports, each with what it answers.
import { Page } from '../components/page';
import { useCatalog } from '../core/catalog';
import { Link } from '../core/router';

export function ReportsPage() {
  const { reports } = useCatalog();
  return (
    <Page
      title="All reports"
      lead={`${reports.length} reports, each with its parameters, table, CSV, Parquet and SQL`}
    >
      <ul class="report-list">
        {reports.map((report) => (
          <li key={report.name}>
            <Link to={`/reports/${encodeURIComponent(report.name)}`}>{report.title}</Link>
            <p>{report.description}</p>
            <code>{report.name}</code>
          </li>
        ))}
      </ul>
    </Page>
  );
}
