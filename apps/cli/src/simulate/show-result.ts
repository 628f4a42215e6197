import type { Output } from '../output/output.ts';
import type { Column } from '../output/table.ts';
import { count } from '../output/units.ts';
import { type Figure, inOneSentence, verdict } from './comparison.ts';
import { duration, written, writtenDifference } from './figures-in-words.ts';
import type { Outcome, WhatIf } from './what-if.ts';

/** The result as a table, or as JSON without the minute-by-minute series, which only the charts need. */
export function showResult(out: Output, whatIf: WhatIf, figures: readonly Figure[]): void {
  if (out.json) return out.show(jsonOf(whatIf, figures), () => []);
  const { trace, seed, outcomes } = whatIf;
  const models = trace.models.size === 1 ? 'one model' : `${count(trace.models.size)} models`;
  out.say(`${trace.file}: ${count(trace.requests)} requests to ${models} in ${duration(trace.spanMs)}, seed ${seed}`);
  out.list(figures, columnsOf(out, outcomes), '');
  const sentence = inOneSentence(figures, outcomes);
  if (sentence !== '') out.say(sentence);
  for (const { name, report } of outcomes) showRefusals(out, name, report.refusals);
}

function columnsOf(out: Output, outcomes: readonly Outcome[]): Column<Figure>[] {
  const [own, rival] = outcomes;
  return [
    { head: 'figure', cell: ({ name }) => name },
    ...outcomes.map(({ name }, at) => ({
      head: name,
      cell: ({ values, unit }: Figure) => written(values[at], unit),
      alignRight: true,
    })),
    ...(rival === undefined
      ? []
      : [{ head: `${own!.name} is`, cell: (figure: Figure) => compared(out, figure), alignRight: true }]),
  ];
}

/** In words too, since colours are not for everybody. */
function compared(out: Output, figure: Figure): string {
  const text = writtenDifference(figure);
  const judged = { [-1]: 'better', 0: '', 1: 'worse' }[verdict(figure)];
  return judged === '' ? text : `${text} ${judged.padEnd('better'.length)}`;
}

/** The first refused placements say what would have made them fit. */
function showRefusals(out: Output, name: string, refusals: Outcome['report']['refusals']): void {
  const [first] = refusals;
  if (first === undefined) return;
  out.say(`\n${name} could not place ${first.deployment} ${duration(first.atMs)} into the trace:\n${first.text}`);
}

function jsonOf({ trace, seed, outcomes }: WhatIf, figures: readonly Figure[]): object {
  const { file, requests, spanMs, models, leftOut, badRows } = trace;
  return {
    seed,
    trace: { file, requests, models: models.size, spanMs, leftOut, badRows },
    policies: outcomes.map(({ name, report: { series, ...report } }) => ({
      name,
      ...report,
      minutes: series.arrived.length,
    })),
    ...(outcomes.length > 1 && {
      differences: figures.map(({ name, unit, values, difference, relative }) => ({
        name,
        unit,
        values,
        difference,
        relative,
      })),
    }),
  };
}
