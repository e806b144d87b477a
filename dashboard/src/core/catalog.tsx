// What every page needs first: the list of reports and the state of the lake.
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useMemo } from 'preact/hooks';
import type { Filters } from './address';
import { useAnswer } from './answer';
import { type Lake, type Question, questionFor, type Report, rowsUrl } from './report';
import { useRouter } from './router';
import type { Row } from './rows';

export interface Catalog {
  readonly reports: readonly Report[];
  readonly lake: Lake;
}

const CatalogContext = createContext<Catalog | null>(null);

interface CatalogProviderProps {
  readonly catalog: Catalog;
  readonly children: ComponentChildren;
}

/** Gives its children the reports and the lake. */
export function CatalogProvider({ catalog, children }: CatalogProviderProps) {
  return <CatalogContext.Provider value={catalog}>{children}</CatalogContext.Provider>;
}

/** The reports and the lake. */
export function useCatalog(): Catalog {
  const catalog = useContext(CatalogContext);
  if (catalog === null) throw new Error('no catalog around this component');
  return catalog;
}

/** A report with its answer under the page's filters. */
export interface ReportAnswer {
  readonly report: Report | undefined;
  readonly question: Question;
  readonly rows: readonly Row[] | null;
  readonly error: string | null;
  /** The rows are being fetched; those of the question before may still be shown. */
  readonly isLoading: boolean;
  readonly retry: () => void;
}

const NO_FILTERS: Filters = {};

/** Runs a report under the page's filters; `fixed` are parameters that the page sets itself. */
export function useReport(name: string, fixed: Filters = NO_FILTERS, skip = false): ReportAnswer {
  const { reports, lake } = useCatalog();
  const { filters } = useRouter().address;
  const report = reports.find((candidate) => candidate.name === name);
  const fixedKey = JSON.stringify(fixed);
  // The key stands for `fixed`, which callers write anew at each drawing.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const question = useMemo<Question>(
    () =>
      report === undefined
        ? { parameters: {}, ignored: [] }
        : questionFor(report, { ...filters, ...fixed }, lake.last_day),
    [report, filters, fixedKey, lake.last_day],
  );
  const url = report === undefined || skip ? null : rowsUrl(name, question.parameters, 'json');
  const answer = useAnswer<Row[]>(url);
  const missing = report === undefined ? `This server has no report ${name}.` : null;
  return {
    report,
    question,
    rows: answer.value,
    error: missing ?? answer.error,
    isLoading: answer.isLoading,
    retry: answer.retry,
  };
}
