// What all charts share: type, axes, tooltip frame, and how text is cut to fit.
import type { EChartsCoreOption } from 'echarts/core';
import type { Palette } from './palette';

export type ChartOption = EChartsCoreOption;

/** A chart as pages hand it over: drawn only once the theme's palette is known. */
export interface ChartSpec {
  readonly option: (palette: Palette) => ChartOption;
  readonly height: number;
  /** Width below which the chart scrolls instead of shrinking. */
  readonly minWidth?: number;
  /** One sentence for those who can't see the chart; the table has the figures. */
  readonly summary: string;
}

/** One item of what ECharts hands to a tooltip's formatter, as far as it is used here. */
export interface TooltipItem {
  readonly name: string;
  readonly seriesName?: string;
  readonly color?: unknown;
  readonly value?: unknown;
  readonly data?: unknown;
  readonly dataIndex: number;
  readonly dataType?: string;
}

/** Options that every chart starts from. */
export function baseOption(palette: Palette, summary: string): ChartOption {
  return {
    animation: false,
    aria: { enabled: true, label: { description: summary } },
    textStyle: { fontFamily: 'system-ui, sans-serif', color: palette.text },
  };
}

/** The frame of a tooltip; its content comes from `tooltipContent`. */
export function tooltipFrame(palette: Palette) {
  return {
    confine: true,
    backgroundColor: palette.surface,
    borderColor: palette.grid,
    borderWidth: 1,
    padding: 0,
    textStyle: { color: palette.text, fontSize: 12 },
    transitionDuration: 0,
  };
}

/** A legend above the chart, that pages through what has no room. */
export function legendFrame(palette: Palette) {
  return {
    type: 'scroll',
    top: 0,
    left: 0,
    itemWidth: 10,
    itemHeight: 10,
    icon: 'roundRect',
    textStyle: { color: palette.muted, fontSize: 12 },
    pageTextStyle: { color: palette.muted },
    pageIconColor: palette.muted,
    pageIconInactiveColor: palette.grid,
  };
}

/** A tooltip of all series at one place of the axis; `content` gets the place. */
export function axisTooltip(
  palette: Palette,
  content: (idx: number) => HTMLElement,
  pointer: 'line' | 'shadow' = 'line',
) {
  return {
    ...tooltipFrame(palette),
    trigger: 'axis',
    axisPointer: { type: pointer },
    formatter: (items: TooltipItem[]) => content(items[0]?.dataIndex ?? 0),
  };
}

export function categoryAxis(
  palette: Palette,
  names: readonly string[],
  format?: (name: string) => string,
) {
  return {
    type: 'category',
    data: [...names],
    axisLine: { lineStyle: { color: palette.grid } },
    axisTick: { show: false },
    axisLabel: {
      color: palette.muted,
      fontSize: 11,
      hideOverlap: true,
      ...(format === undefined ? {} : { formatter: format }),
    },
  };
}

export function valueAxis(palette: Palette, format: (value: number) => string) {
  return {
    type: 'value',
    splitNumber: 4,
    axisLabel: { color: palette.muted, fontSize: 11, formatter: format, hideOverlap: true },
    splitLine: { lineStyle: { color: palette.grid } },
  };
}

/** Cuts a name in the middle, where campaigns and pages differ least. */
export function shorten(name: string, charsMax: number): string {
  const chars = [...name];
  if (chars.length <= charsMax) return name;
  const head = Math.ceil((charsMax - 1) / 2);
  const tail = charsMax - 1 - head;
  return `${chars.slice(0, head).join('')}…${chars.slice(chars.length - tail).join('')}`;
}
