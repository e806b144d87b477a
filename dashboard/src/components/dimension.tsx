// The switch of what a report tells apart: channel, campaign, country and so on.
import { useCatalog } from '../core/catalog';
import { formatWords } from '../core/format';
import { defaultText } from '../core/report';
import { useRouter } from '../core/router';
import { Select } from './choice';

interface ChoiceParameterProps {
  readonly report: string;
  /** Name of a parameter of type choice, such as `by`. */
  readonly name: string;
  readonly label: string;
}

/** A list of a report's choices for one parameter, written to the address. */
export function ChoiceParameter({ report, name, label }: ChoiceParameterProps) {
  const { reports } = useCatalog();
  const { address, change } = useRouter();
  const parameter = reports
    .find((candidate) => candidate.name === report)
    ?.parameters.find((candidate) => candidate.name === name);
  if (parameter?.choices === undefined) return null;
  const usual = defaultText(parameter);
  return (
    <Select
      label={label}
      value={address.filters[name] ?? usual}
      options={parameter.choices.map((value) => ({ value, label: formatWords(value) }))}
      onChange={(value) => change({ [name]: value === usual ? null : value })}
    />
  );
}
