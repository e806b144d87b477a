// Companies that visit, with a way to each of them.
import { useState } from 'preact/hooks';
import { Filters } from '../components/filters';
import { Page } from '../components/page';
import { Panel } from '../components/panel';
import { useReport } from '../core/catalog';
import { useRouter } from '../core/router';

export function AccountsPage() {
  return (
    <Page title="Accounts" filters={<Filters reports={['accounts']} />}>
      <OpenAccount />
      <Panel answer={useReport('accounts')} bar="score" />
    </Page>
  );
}

/** Opens a company by its domain, listed or not. */
function OpenAccount() {
  const { go, address } = useRouter();
  const [domain, setDomain] = useState('');
  const open = (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = domain.trim().toLowerCase();
    if (wanted !== '') go(`/accounts/${encodeURIComponent(wanted)}`, address.filters);
  };
  return (
    <form class="open-account" onSubmit={open}>
      <label class="field">
        <span class="field-label">Open an account by its domain</span>
        <input
          type="text"
          value={domain}
          placeholder="example.com"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setDomain(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Open</button>
    </form>
  );
}
