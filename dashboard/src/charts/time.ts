// Charts over time: one figure as an area, or several as columns on top of each other.
import { formatCompact, formatDay, formatShortDay } from '../core/format';
import {
  axisTooltip,
  baseOption,
  type ChartSpec,
  categoryAxis,
  legendFrame,
  valueAxis,
} from './base';
import { colorOf } from './palette';
import { tooltipContent } from './tooltip';

export interface AreaData {
  readonly label: string;
  readonly days: readonly string[];
  readonly values: readonly number[];
  readonly format: (value: number) => string;
}

/** One figure by day as a line over an area. */
export function areaChart(data: AreaData): ChartSpec {
  const summary = `${data.label} by day, ${data.days.length} days`;
  return {
    height: 260,
    summary,
    option: (palette) => ({
      ...baseOption(palette, summary),
      grid: { left: 8, right: 16, top: 16, bottom: 4, containLabel: true },
      tooltip: axisTooltip(palette, (idx) =>
        tooltipContent(formatDay(data.days[idx]), [
          { name: data.label, text: data.format(data.values[idx] ?? 0), color: palette.accent },
        ]),
      ),
      xAxis: { ...categoryAxis(palette, data.days, formatShortDay), boundaryGap: false },
      yAxis: valueAxis(palette, formatCompact),
      series: [
        {
          type: 'line',
          name: data.label,
          data: [...data.values],
          symbol: data.days.length > 45 ? 'none' : 'circle',
          symbolSize: 5,
          lineStyle: { width: 2, color: palette.accent },
          itemStyle: { color: palette.accent },
          areaStyle: { color: palette.accent, opacity: 0.12 },
        },
      ],
    }),
  };
}

export interface StackData {
  readonly label: string;
  readonly periods: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly format: (value: number) => string;
}

/** Several figures by period as stacked columns. */
export function stackChart(data: StackData): ChartSpec {
  const summary = `${data.label} by period, stacked: ${data.series.map((s) => s.name).join(', ')}`;
  return {
    height: 300,
    summary,
    option: (palette) => ({
      ...baseOption(palette, summary),
      grid: { left: 8, right: 16, top: 44, bottom: 4, containLabel: true },
      legend: legendFrame(palette),
      tooltip: axisTooltip(
        palette,
        (idx) => {
          const lines = data.series
            .map((s, i) => ({
              name: s.name,
              value: s.values[idx] ?? 0,
              color: colorOf(palette, s.name, i),
            }))
            .filter((line) => line.value !== 0)
            .map((line) => ({ name: line.name, text: data.format(line.value), color: line.color }));
          return tooltipContent(formatDay(data.periods[idx]), lines);
        },
        'shadow',
      ),
      xAxis: categoryAxis(palette, data.periods, formatShortDay),
      yAxis: valueAxis(palette, formatCompact),
      series: data.series.map((s, i) => ({
        type: 'bar',
        stack: 'all',
        name: s.name,
        data: [...s.values],
        barMaxWidth: 36,
        itemStyle: { color: colorOf(palette, s.name, i) },
      })),
    }),
  };
}
