// Draws a chart into the page and keeps it fitting: it follows the theme and the width.
import { useEffect, useRef } from 'preact/hooks';
import type { ChartSpec } from '../charts/base';
import type { DrawnChart } from '../charts/echarts';
import { paletteOf } from '../charts/palette';
import { useTheme } from '../core/theme';

/** A chart; to those who can't see it, one sentence. Its figures are in the table beside it. */
export function Chart({ spec }: { spec: ChartSpec }) {
  const holder = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnChart | null>(null);
  const theme = useTheme();
  const latest = useRef({ spec, theme });
  latest.current = { spec, theme };

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    let isGone = false;
    const observer = new ResizeObserver(() => drawn.current?.fit());
    import('../charts/echarts').then(({ drawChart }) => {
      if (isGone) return;
      drawn.current = drawChart(element);
      const now = latest.current;
      drawn.current.show(now.spec.option(paletteOf(now.theme)));
      observer.observe(element);
    });
    return () => {
      isGone = true;
      observer.disconnect();
      drawn.current?.remove();
      drawn.current = null;
    };
  }, []);

  useEffect(() => {
    drawn.current?.fit();
    drawn.current?.show(spec.option(paletteOf(theme)));
  }, [spec, theme]);

  return (
    <div class="chart" style={{ minHeight: `${spec.height}px` }}>
      <div class="chart-scroll" tabIndex={spec.minWidth === undefined ? undefined : 0}>
        <div
          class="chart-canvas"
          role="img"
          aria-label={spec.summary}
          style={{ minWidth: `${spec.minWidth ?? 0}px` }}
          ref={holder}
        />
      </div>
    </div>
  );
}
