// The rate of events over the last minutes, as a line over real time.
import { formatCompact, formatNumber, formatSeconds } from '../core/format';
import type { Rate } from '../core/ingestion';
import { axisTooltip, baseOption, type ChartSpec, valueAxis } from './base';
import { tooltipContent } from './tooltip';

export function rateChart(rates: readonly Rate[]): ChartSpec {
  const summary = 'Accepted events a second over the last minutes';
  return {
    height: 240,
    summary,
    option: (palette) => ({
      ...baseOption(palette, summary),
      useUTC: true,
      grid: { left: 8, right: 16, top: 16, bottom: 4, containLabel: true },
      tooltip: axisTooltip(palette, (idx) => {
        const rate = rates[idx];
        if (rate === undefined) return tooltipContent('', []);
        return tooltipContent(`${new Date(rate.time).toISOString().slice(11, 19)} UTC`, [
          { name: 'Events a second', text: formatNumber(rate.eventsPerSecond) },
          { name: 'Lag', text: formatSeconds(rate.lagSeconds) },
        ]);
      }),
      xAxis: {
        type: 'time',
        axisLine: { lineStyle: { color: palette.grid } },
        axisLabel: {
          color: palette.muted,
          fontSize: 11,
          hideOverlap: true,
          formatter: '{HH}:{mm}:{ss}',
        },
      },
      yAxis: { ...valueAxis(palette, formatCompact), min: 0 },
      series: [
        {
          type: 'line',
          name: 'Events a second',
          showSymbol: rates.length < 2,
          data: rates.map((rate) => [rate.time, rate.eventsPerSecond]),
          lineStyle: { width: 2, color: palette.accent },
          itemStyle: { color: palette.accent },
          areaStyle: { color: palette.accent, opacity: 0.12 },
        },
      ],
    }),
  };
}
