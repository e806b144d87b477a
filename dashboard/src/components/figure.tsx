// Which figure a page's chart draws and its table marks; it stands in the address.
import { formatWords } from '../core/format';
import { useRouter } from '../core/router';
import { Switch } from './choice';

/** Returns the figure that is chosen; the first one is the default. */
export function useFigure(figures: readonly [string, ...string[]]): string {
  return useRouter().address.filters.figure ?? figures[0];
}

/** Lets one of the figures be chosen. */
export function FigureSwitch({ figures }: { figures: readonly [string, ...string[]] }) {
  const { change } = useRouter();
  return (
    <Switch
      label="Figure"
      value={useFigure(figures)}
      options={figures.map((value) => ({ value, label: formatWords(value) }))}
      onChange={(value) => change({ figure: value === figures[0] ? null : value })}
    />
  );
}
