// Paths of touches as a flow (Sankey): the last touches before a conversion, aligned by how
// many touches were still to come, so that what closes stands together on the right.
import { formatNumber } from '../core/format';
import { baseOption, type ChartSpec, shorten, type TooltipItem, tooltipFrame } from './base';
import { colorOf } from './palette';
import { tooltipContent } from './tooltip';

export interface Path {
  readonly touches: readonly string[];
  readonly conversions: number;
}

export interface FlowNode {
  /** `2:Email`: touches until the last one, and what was touched. */
  readonly name: string;
  readonly label: string;
  readonly depth: number;
}

export interface FlowLink {
  readonly source: string;
  readonly target: string;
  readonly value: number;
}

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly links: readonly FlowLink[];
}

const EARLIER = 'Earlier touches';
const OTHER = 'Other';
const CONVERSION = 'Conversion';

/**
 * Makes nodes and links of paths. Of each path the last `steps` touches count, what came before
 * is one node; at each step the `names` strongest are told apart, the rest is `Other`.
 */
export function flowOf(paths: readonly Path[], steps: number, names: number): Flow {
  const strongest = strongestByStep(paths, steps, names);
  const values = new Map<string, number>();
  const nodes = new Map<string, FlowNode>();
  const visit = (fromEnd: number, label: string): string => {
    const name = `${fromEnd}:${label}`;
    if (!nodes.has(name)) nodes.set(name, { name, label, depth: steps - fromEnd });
    return name;
  };
  for (const { touches, conversions } of paths) {
    if (touches.length === 0) continue;
    const names = touches.slice(-steps).map((touch, i, kept) => {
      const fromEnd = kept.length - 1 - i;
      return visit(fromEnd, strongest[fromEnd]?.has(touch) ? touch : OTHER);
    });
    if (touches.length > steps) names.unshift(visit(steps, EARLIER));
    names.push(visit(-1, CONVERSION));
    for (let i = 1; i < names.length; i += 1) {
      const key = `${names[i - 1]}\n${names[i]}`;
      values.set(key, (values.get(key) ?? 0) + conversions);
    }
  }
  const links = [...values].map(([key, value]) => {
    const [source = '', target = ''] = key.split('\n');
    return { source, target, value };
  });
  return { nodes: trimDepth([...nodes.values()]), links };
}

/** Draws a flow. */
export function flowChart(flow: Flow): ChartSpec {
  const summary = 'Flow of conversions through the last touches before them';
  const label = new Map(flow.nodes.map((node) => [node.name, node.label]));
  const columnCount = Math.max(1, ...flow.nodes.map((node) => node.depth));
  return {
    height: 460,
    minWidth: 720,
    summary,
    option: (palette) => ({
      ...baseOption(palette, summary),
      tooltip: {
        ...tooltipFrame(palette),
        trigger: 'item',
        formatter: (item: TooltipItem) => {
          if (item.dataType !== 'edge') {
            const text = formatNumber(Number(item.value));
            return tooltipContent(label.get(item.name) ?? '', [{ name: 'Conversions', text }]);
          }
          const link = item.data as FlowLink;
          const title = `${label.get(link.source)} → ${label.get(link.target)}`;
          return tooltipContent(title, [{ name: 'Conversions', text: formatNumber(link.value) }]);
        },
      },
      series: [
        {
          type: 'sankey',
          left: 4,
          right: 100,
          top: 8,
          bottom: 8,
          nodeWidth: 12,
          nodeGap: 9,
          draggable: false,
          emphasis: { focus: 'adjacency' },
          layoutIterations: 32,
          data: flow.nodes.map((node, i) => ({
            name: node.name,
            depth: node.depth,
            itemStyle: {
              color: node.label === CONVERSION ? palette.text : colorOf(palette, node.label, i),
              borderWidth: 0,
            },
          })),
          links: flow.links.map((link) => ({ ...link })),
          lineStyle: { color: 'source', opacity: 0.28, curveness: 0.5 },
          label: {
            color: palette.text,
            fontSize: 11,
            formatter: (item: TooltipItem) =>
              shorten(label.get(item.name) ?? '', columnCount > 4 ? 15 : 22),
          },
          labelLayout: { hideOverlap: true },
        },
      ],
    }),
  };
}

function strongestByStep(paths: readonly Path[], steps: number, names: number): Set<string>[] {
  const totals: Map<string, number>[] = Array.from({ length: steps }, () => new Map());
  for (const { touches, conversions } of paths) {
    touches.slice(-steps).forEach((touch, i, kept) => {
      const total = totals[kept.length - 1 - i];
      total?.set(touch, (total.get(touch) ?? 0) + conversions);
    });
  }
  return totals.map((total) => {
    const ordered = [...total].sort((a, b) => b[1] - a[1]);
    return new Set(ordered.slice(0, names).map(([touch]) => touch));
  });
}

/** Moves all nodes left so that the earliest stands at the edge. */
function trimDepth(nodes: readonly FlowNode[]): FlowNode[] {
  const first = Math.min(...nodes.map((node) => node.depth));
  return nodes.map((node) => ({ ...node, depth: node.depth - first }));
}
