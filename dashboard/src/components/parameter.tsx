// A field for a parameter of a report, made from its description.
import { useId } from 'preact/hooks';
import { formatWords } from '../core/format';
import { defaultText, type Parameter } from '../core/report';

interface ParameterFieldProps {
  readonly parameter: Parameter;
  /** What the address says, '' for the default. */
  readonly value: string;
  readonly onChange: (value: string | null) => void;
}

export function ParameterField({ parameter, value, onChange }: ParameterFieldProps) {
  const id = useId();
  const usual = defaultText(parameter);
  const change = (next: string) => onChange(next === usual || next === '' ? null : next);
  return (
    <div class="field">
      <label for={id}>{formatWords(parameter.name)}</label>
      {parameter.choices !== undefined ? (
        <select
          id={id}
          value={value || usual}
          aria-describedby={`${id}-help`}
          onChange={(event) => change(event.currentTarget.value)}
        >
          {usual === '' && <option value="">Any</option>}
          {parameter.choices.map((choice) => (
            <option key={choice} value={choice}>
              {formatWords(choice)}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          value={value}
          placeholder={usual}
          aria-describedby={`${id}-help`}
          {...inputOf(parameter)}
          onChange={(event) => change(event.currentTarget.value.trim())}
        />
      )}
      <span class="help" id={`${id}-help`}>
        {parameter.description}
      </span>
    </div>
  );
}

function inputOf({ type, minimum, maximum }: Parameter) {
  if (type === 'date') return { type: 'date' as const };
  if (type === 'int' || type === 'float') {
    return {
      type: 'number' as const,
      step: type === 'int' ? 1 : 'any',
      ...(minimum === null || minimum === undefined ? {} : { min: minimum }),
      ...(maximum === null || maximum === undefined ? {} : { max: maximum }),
    };
  }
  return { type: 'text' as const, autocomplete: 'off', spellcheck: false };
}
