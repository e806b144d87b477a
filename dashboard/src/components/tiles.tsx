// Figure tiles: one number each, with how it changed; as buttons they choose what a chart draws.
import { formatChange, formatCompact, formatNumber } from '../core/format';

export interface Tile {
  readonly name: string;
  readonly label: string;
  /** Null while it is not known. */
  readonly value: number | null;
  /** The same figure of the period before, if there is one. */
  readonly before?: number | null;
  /** Writes the figure; without it large ones are shortened. */
  readonly format?: (value: number) => string;
  readonly hint?: string;
}

interface TilesProps {
  readonly label: string;
  readonly tiles: readonly Tile[];
  readonly chosen?: string;
  readonly onChoose?: (name: string) => void;
}

export function Tiles({ label, tiles, chosen, onChoose }: TilesProps) {
  return (
    <ul class="tiles" aria-label={label}>
      {tiles.map((tile) => (
        <li key={tile.name}>
          {onChoose === undefined ? (
            <div class="tile" data-tile={tile.name}>
              <TileText tile={tile} />
            </div>
          ) : (
            <button
              type="button"
              class="tile"
              data-tile={tile.name}
              aria-pressed={tile.name === chosen}
              onClick={() => onChoose(tile.name)}
            >
              <TileText tile={tile} />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function TileText({ tile }: { tile: Tile }) {
  const { label, value, before, format, hint } = tile;
  const text = value === null ? '…' : (format ?? formatCompact)(value);
  const change = formatChange(value, before ?? null);
  const direction = change?.startsWith('−') ? 'down' : 'up';
  return (
    <>
      <span class="tile-label">{label}</span>
      <span class="tile-value" title={value === null ? undefined : formatNumber(value)}>
        {text}
      </span>
      {(change !== null || hint !== undefined) && (
        <span class={`tile-note ${change === null ? '' : direction}`}>
          {change === null ? hint : `${change} vs. before`}
        </span>
      )}
    </>
  );
}
