// What is shown for an address without a page.
import { Page } from '../components/page';
import { Link } from '../core/router';

export function MissingPage({ path }: { path: string }) {
  return (
    <Page title="No such page" lead={`There is nothing at ${path}.`}>
      <p>
        <Link to="/">Back to the overview</Link>
      </p>
    </Page>
  );
}
