import type { FgdCurve } from '@ostro/traces';
import { mean, median } from '../statistics.ts';
import type { Figure, FragmentationFigures, PolicyName } from './fragmentation-bench.ts';
import { readPublished } from './openb.ts';

/** As the published file calls them. */
const PUBLISHED_NAMES: Partial<Record<string, PolicyName>> = {
  '01-Random': 'random',
  '04-GpuPacking': 'packing',
  '05-BestFit': 'bestfit',
  '06-FGD': 'fgd',
};

/** Measured figures beside published ones, for a person. */
export async function fragmentationTable(
  { lists, decisionsPerCpuSecond }: FragmentationFigures,
  publishedFile: string,
): Promise<string> {
  const published = meansAt100(await readPublished(publishedFile));
  const lines = ['GPU allocation in percent at 100 % arrived', '', HEADER, HEADER.replace(/[^|]/g, '-')];
  const gains: number[] = [];
  for (const { name, policies } of lists) {
    const fgd = published.get(`${name} fgd`);
    for (const [policy, figure] of Object.entries(policies)) {
      const gain = fgd === undefined ? undefined : figure.meanPercent - fgd;
      if (policy === 'ostro' && gain !== undefined) gains.push(gain);
      lines.push(lineOf([name, policy, shown(figure), percent(published.get(`${name} ${policy}`)), signed(gain)]));
    }
  }
  if (gains.length > 0) {
    lines.push('', `ostro above published FGD: mean ${signed(mean(gains))}, median list ${signed(median(gains))}`);
  }
  if (decisionsPerCpuSecond !== null) lines.push(`ostro: ${decisionsPerCpuSecond} decisions per CPU second`);
  return lines.join('\n');
}

const WIDTHS = [26, 8, 16, 10, 9];
const HEADER = lineOf(['list', 'policy', 'mean (sd, seeds)', 'published', 'above FGD']);

function lineOf(cells: readonly string[]): string {
  return `| ${cells.map((cell, at) => cell.padEnd(WIDTHS[at]!)).join(' | ')} |`;
}

function shown({ meanPercent, sdPercent, seeds }: Figure): string {
  return `${meanPercent.toFixed(2)} (${sdPercent.toFixed(2)}, ${seeds})`;
}

function percent(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(2);
}

function signed(value: number | undefined): string {
  if (value === undefined) return '';
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
}

function meansAt100(curves: readonly FgdCurve[]): ReadonlyMap<string, number> {
  const values = new Map<string, number[]>();
  for (const { list, policy, allocatedPercent } of curves) {
    const name = PUBLISHED_NAMES[policy];
    const value = allocatedPercent[100];
    if (name !== undefined && value !== undefined)
      values.set(`${list} ${name}`, [...(values.get(`${list} ${name}`) ?? []), value]);
  }
  return new Map([...values].map(([key, all]) => [key, mean(all)]));
}
