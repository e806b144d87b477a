// Reports as the API describes them, and how a page's filters become a report's parameters.
import { type Filters, formatAddress } from './address';
import { resolveRange } from './range';

export interface Parameter {
  readonly name: string;
  readonly type: 'date' | 'text' | 'int' | 'float' | 'days' | 'weights' | 'choice';
  readonly choices?: readonly string[];
  readonly minimum?: number | null;
  readonly maximum?: number | null;
  readonly default: string | number | null;
  readonly description: string;
}

export interface Report {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly note: string | null;
  readonly parameters: readonly Parameter[];
}

export interface Lake {
  readonly version: string;
  readonly first_day: string | null;
  readonly last_day: string | null;
  readonly tenants: readonly string[];
  readonly conversions: readonly string[];
  readonly tables: readonly { name: string; files: number; bytes: number }[];
  readonly token_required: boolean;
  /** What whoever looks may do; each role may what the ones before it may. */
  readonly role: 'viewer' | 'analyst' | 'admin';
  readonly masked: boolean;
}

/** What a report is asked: its parameters, and the filters it could not take. */
export interface Question {
  readonly parameters: Filters;
  /** One sentence for each filter that has no meaning for this report. */
  readonly ignored: readonly string[];
}

export type ReportFormat = 'json' | 'csv' | 'parquet';

/** The default of a parameter as it would stand in an address; '' for none. */
export function defaultText(parameter: Parameter): string {
  if (parameter.default === null) return '';
  return parameter.type === 'days' ? `${parameter.default}d` : String(parameter.default);
}

/** Picks the parameters that `report` takes out of a page's filters, resolving the date range. */
export function questionFor(report: Report, filters: Filters, lastDay: string | null): Question {
  const parameters: Record<string, string> = {};
  const ignored: string[] = [];
  const range = resolveRange(filters, lastDay);
  for (const parameter of report.parameters) {
    const { name, choices } = parameter;
    const value = name === 'from' ? range.from : name === 'to' ? range.to : (filters[name] ?? null);
    if (value === null || value === defaultText(parameter)) continue;
    if (choices !== undefined && !choices.includes(value)) {
      ignored.push(
        `${report.title} has no ${name} ${value}; shown is ${defaultText(parameter) || 'all'}.`,
      );
      continue;
    }
    parameters[name] = value;
  }
  return { parameters, ignored };
}

/** Address of a report's rows. */
export function rowsUrl(name: string, parameters: Filters, format: ReportFormat): string {
  const path = `/api/reports/${encodeURIComponent(name)}`;
  return formatAddress(path, { ...parameters, ...(format === 'json' ? {} : { format }) });
}

/** Address of a report's SQL with its parameters filled in. */
export function sqlUrl(name: string, parameters: Filters): string {
  return formatAddress(`/api/reports/${encodeURIComponent(name)}/sql`, parameters);
}

/** The parameters of several reports, each name once; choices are those of any of them. */
export function mergeParameters(reports: readonly Report[]): Parameter[] {
  const merged = new Map<string, Parameter>();
  for (const parameter of reports.flatMap((report) => report.parameters)) {
    const known = merged.get(parameter.name);
    if (known === undefined) {
      merged.set(parameter.name, parameter);
    } else if (known.choices !== undefined && parameter.choices !== undefined) {
      const choices = [...new Set([...known.choices, ...parameter.choices])];
      merged.set(parameter.name, { ...known, choices });
    }
  }
  return [...merged.values()];
}
