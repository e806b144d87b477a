// Bars: lying ones for names, standing ones for steps such as path lengths, and groups of
// standing ones to compare models.
import { formatCompact } from '../core/format';
import {
  axisTooltip,
  baseOption,
  type ChartOption,
  type ChartSpec,
  categoryAxis,
  legendFrame,
  shorten,
  type TooltipItem,
  tooltipFrame,
  valueAxis,
} from './base';
import { colorOf, type Palette } from './palette';
import { tooltipContent } from './tooltip';

export interface BarData {
  readonly label: string;
  readonly names: readonly string[];
  readonly values: readonly number[];
  readonly format: (value: number) => string;
  /** Names to colour the bars by, such as channels of campaigns; without it their own. */
  readonly colors?: readonly string[];
}

const BAR_HEIGHT = 26;

/** Lying bars, the first name on top, each with its figure behind it. */
export function barChart(data: BarData): ChartSpec {
  const summary = `${data.label} of ${data.names.length} values, as bars`;
  return {
    height: Math.max(110, data.names.length * BAR_HEIGHT + 36),
    summary,
    option: (palette) => ({
      ...baseOption(palette, summary),
      grid: { left: 4, right: 64, top: 4, bottom: 0, containLabel: true },
      tooltip: nameTooltip(palette, data),
      xAxis: { ...valueAxis(palette, formatCompact), axisLabel: { show: false } },
      yAxis: {
        ...categoryAxis(palette, data.names, (name) => shorten(name, 36)),
        inverse: true,
        axisLine: { show: false },
        axisLabel: {
          color: palette.text,
          fontSize: 12,
          interval: 0,
          formatter: (name: string) => shorten(name, 36),
        },
      },
      series: [
        {
          type: 'bar',
          name: data.label,
          barWidth: 14,
          label: {
            show: true,
            position: 'right',
            color: palette.muted,
            fontSize: 11,
            formatter: (item: TooltipItem) => data.format(Number(item.value)),
          },
          data: data.values.map((value, i) => ({
            value,
            itemStyle: {
              color: colorOf(palette, data.colors?.[i] ?? data.names[i] ?? '', 0),
              borderRadius: [0, 3, 3, 0],
            },
          })),
        },
      ],
    }),
  };
}

/** Standing bars over steps, such as lengths and days. */
export function columnChart(data: BarData): ChartSpec {
  const summary = `${data.label} by ${data.names.length} steps, as columns`;
  return {
    height: 240,
    summary,
    option: (palette) => ({
      ...baseOption(palette, summary),
      grid: { left: 8, right: 12, top: 20, bottom: 4, containLabel: true },
      tooltip: nameTooltip(palette, data),
      xAxis: categoryAxis(palette, data.names),
      yAxis: valueAxis(palette, formatCompact),
      series: [
        {
          type: 'bar',
          name: data.label,
          data: [...data.values],
          barMaxWidth: 40,
          itemStyle: { color: palette.accent, borderRadius: [3, 3, 0, 0] },
        },
      ],
    }),
  };
}

export interface GroupData {
  readonly label: string;
  readonly names: readonly string[];
  readonly groups: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly format: (value: number) => string;
}

/** Standing bars in groups: for each name, one bar a group. */
export function groupChart(data: GroupData): ChartSpec {
  const summary = `${data.label}, ${data.groups.map((g) => g.name).join(', ')} side by side`;
  return {
    height: 320,
    summary,
    option: (palette) => ({
      ...baseOption(palette, summary),
      grid: { left: 8, right: 12, top: 40, bottom: 4, containLabel: true },
      legend: legendFrame(palette),
      tooltip: axisTooltip(
        palette,
        (idx) =>
          tooltipContent(
            data.names[idx] ?? '',
            data.groups.map((group, i) => ({
              name: group.name,
              text: data.format(group.values[idx] ?? 0),
              color: palette.series[i % palette.series.length] ?? palette.accent,
            })),
          ),
        'shadow',
      ),
      xAxis: {
        ...categoryAxis(palette, data.names, (name) => shorten(name, 18)),
        axisLabel: {
          color: palette.muted,
          fontSize: 11,
          interval: 0,
          width: 70,
          overflow: 'break',
          lineHeight: 14,
          hideOverlap: true,
        },
      },
      yAxis: valueAxis(palette, formatCompact),
      series: data.groups.map((group, i) => ({
        type: 'bar',
        name: group.name,
        data: [...group.values],
        barMaxWidth: 16,
        itemStyle: { color: palette.series[i % palette.series.length] ?? palette.accent },
      })),
    }),
  };
}

function nameTooltip(palette: Palette, data: BarData): ChartOption {
  return {
    ...tooltipFrame(palette),
    trigger: 'item',
    formatter: (item: TooltipItem) =>
      tooltipContent(data.names[item.dataIndex] ?? '', [
        { name: data.label, text: data.format(data.values[item.dataIndex] ?? 0) },
      ]),
  };
}
