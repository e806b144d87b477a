// The SQL behind figures, with its parameters filled in, in a dialog.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Filters } from '../core/address';
import { fetchText } from '../core/api';
import { sqlUrl } from '../core/report';
import { Failure, Loading } from './status';

interface SqlDialogProps {
  readonly name: string;
  readonly title: string;
  readonly parameters: Filters;
  readonly onClose: () => void;
}

export function SqlDialog({ name, title, parameters, onClose }: SqlDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [sql, setSql] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const url = sqlUrl(name, parameters);

  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    fetchText(url).then(setSql, (reason: unknown) =>
      setError(reason instanceof Error ? reason.message : String(reason)),
    );
  }, [url]);

  const copy = async () => {
    if (sql === null) return;
    try {
      await navigator.clipboard.writeText(sql);
      setCopied(true);
    } catch {
      setError('The browser does not let this page copy; mark the text instead.');
    }
  };
  return (
    <dialog class="sql" ref={dialog} onClose={onClose} aria-labelledby="sql-title">
      <header>
        <h2 id="sql-title">SQL of {title}</h2>
        <button type="button" onClick={copy} disabled={sql === null}>
          {copied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      <p class="hidden" role="status">
        {copied ? 'The SQL is on the clipboard' : ''}
      </p>
      {error !== null && <Failure message={error} />}
      {sql === null && error === null && <Loading what="the SQL" />}
      {sql !== null && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long SQL scrolls, also by keyboard
        <pre tabIndex={0}>
          <code>{sql}</code>
        </pre>
      )}
    </dialog>
  );
}
