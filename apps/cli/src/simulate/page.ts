import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DeploymentReport } from '@ostro/simulator';
import { count } from '../output/units.ts';
import { type Chart, type Charts, chartsOf } from './charts.ts';
import { type Figure, figuresOf, inOneSentence, verdict } from './comparison.ts';
import { duration, written, writtenDifference } from './figures-in-words.ts';
import { html, Html, jsonInHtml } from './html.ts';
import type { Outcome, WhatIf } from './what-if.ts';

const MAX_POINTS = 720;
const TABLE_ROWS = 24;
const MAX_MODELS_SHOWN = 20;

const asset = (name: string): Html => new Html(textAt(new URL(`../../assets/simulate/${name}`, import.meta.url)));
const ofUplot = (name: string): Html => new Html(textAt(new URL(name, import.meta.resolve('uplot'))));

/**
 * The what-if as one page: styles, script, charts library and data are in it, and its policy forbids it the network. Same
 * what-if, same bytes.
 */
export function pageOf(whatIf: WhatIf): string {
  const { outcomes, trace, seed } = whatIf;
  const names = outcomes.map(({ name }) => name).join(' against ');
  const figures = figuresOf(outcomes.map(({ report }) => report));
  const charts = chartsOf(outcomes, MAX_POINTS);
  const tables = chartsOf(outcomes, TABLE_ROWS);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
        />
        <title>What if: ${names}</title>
        <style>
          ${ofUplot('uPlot.min.css')}
        </style>
        <style>
          ${asset('page.css')}
        </style>
      </head>
      <body>
        <header>
          <h1>
            What if:
            ${outcomes.map(({ name }, at) => html`${at > 0 ? ' against ' : ''}<span class="policy-${at}">${name}</span>`)}
          </h1>
          <p>
            ${count(trace.requests)} requests to ${count(trace.models.size)}
            ${trace.models.size === 1 ? 'model' : 'models'} in ${duration(trace.spanMs)}, from ${trace.file}. Simulated
            with seed ${seed}.
          </p>
        </header>
        <main>
          <section aria-labelledby="result">
            <h2 id="result">Result</h2>
            ${outcomes.length > 1 ? html`<p>${inOneSentence(figures, outcomes)}</p>` : ''}
            ${figureTable(figures, outcomes)}
          </section>
          <section aria-labelledby="course">
            <h2 id="course">Course</h2>
            <div class="charts">${charts.charts.map((chart) => chartFigure(chart, tables))}</div>
          </section>
          ${modelSection(outcomes)} ${refusalSection(outcomes)}
        </main>
        <script type="application/json" id="charts">
          ${jsonInHtml(charts)}
        </script>
        <script>
          ${ofUplot('uPlot.iife.min.js')};
        </script>
        <script type="module">
          ${asset('page.mjs')};
        </script>
      </body>
    </html> `.text;
}

function figureTable(figures: readonly Figure[], outcomes: readonly Outcome[]): Html {
  const [own, rival] = outcomes;
  return html`<div class="wide" tabindex="0" role="region" aria-labelledby="result">
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">Figure</th>
          ${outcomes.map(({ name }, at) => html`<th scope="col" class="number policy-${at}">${name}</th>`)}${
            rival === undefined ? '' : html`<th scope="col" class="number">${own!.name} is</th>`
          }
        </tr>
      </thead>
      <tbody>
        ${figures.map((figure) => figureRow(figure, rival !== undefined))}
      </tbody>
    </table>
  </div>`;
}

function figureRow(figure: Figure, isCompared: boolean): Html {
  const judged = { [-1]: 'better', 0: '', 1: 'worse' }[verdict(figure)];
  const difference = html`<td class="number ${judged}">${writtenDifference(figure)} ${judged}</td>`;
  return html`<tr>
    <th scope="row">${capital(figure.name)}</th>
    ${figure.values.map(
      (value) => html`<td class="number">${written(value, figure.unit) || '–'}</td>`,
    )}${isCompared ? difference : ''}
  </tr> `;
}

/** `tables`: the same charts with fewer points, for those who read numbers. */
function chartFigure({ id, title, unit, note, lines }: Chart, tables: Charts): Html {
  return html`<figure aria-labelledby="${id}-title">
    <figcaption id="${id}-title"><strong>${title}</strong> <span class="unit">${unit}</span></figcaption>
    <div class="chart" id="chart-${id}" role="img" aria-label="${inWords(title, unit, lines)}"></div>
    <details>
      <summary>As a table</summary>
      ${pointTable(
        tables,
        tables.charts.find((chart) => chart.id === id)!,
      )}
    </details>
    <p class="note">${note}</p>
  </figure> `;
}

/** What a reader who cannot see the chart should hear of it. */
function inWords(title: string, unit: string, lines: Chart['lines']): string {
  const parts = lines.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    return `${name} from ${Math.min(...known)} to ${Math.max(...known)}`;
  });
  return `${title} in ${unit} over time: ${parts.join('; ')}`;
}

function pointTable({ times, timeUnit }: Charts, { title, lines }: Chart): Html {
  return html`<table>
    <caption>
      ${title}
    </caption>
    <thead>
      <tr>
        <th scope="col">${timeUnit}</th>
        ${lines.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${times.map(
        (time, at) =>
          html`<tr>
            <th scope="row">${Number(time.toFixed(2))}</th>
            ${lines.map(({ values }) => html`<td class="number">${values[at] ?? '–'}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function modelSection(outcomes: readonly Outcome[]): Html | string {
  const [own] = outcomes;
  const busiest = [...own!.report.deployments].sort((one, other) => other.arrived - one.arrived);
  if (busiest.length < 2) return '';
  const shown = busiest.slice(0, MAX_MODELS_SHOWN);
  return html`<section aria-labelledby="models">
    <h2 id="models">Models</h2>
    <p>The ${shown.length} busiest of ${busiest.length}.</p>
    <div class="wide" tabindex="0" role="region" aria-labelledby="models">
      <table>
        <thead>
          <tr>
            <th scope="col" rowspan="2">Model</th>
            <th scope="col" rowspan="2" class="number">Requests</th>
            ${outcomes.map(
              ({ name }, at) =>
                html`<th scope="colgroup" colspan="${MODEL_COLUMNS.length}" class="group policy-${at}">${name}</th>`,
            )}
          </tr>
          <tr>
            ${outcomes.map(() => MODEL_COLUMNS.map(({ head }) => html`<th scope="col" class="number">${head}</th>`))}
          </tr>
        </thead>
        <tbody>
          ${shown.map(({ name, arrived }) => modelRow(name, arrived, outcomes))}
        </tbody>
      </table>
    </div>
  </section> `;
}

interface ModelColumn {
  readonly head: string;
  readonly cell: (deployment: DeploymentReport) => string;
}

const MODEL_COLUMNS: readonly ModelColumn[] = [
  { head: 'GPU-hours', cell: ({ gpuHours }) => written(gpuHours, 'hours') },
  { head: 'cold starts', cell: ({ coldStarts }) => count(coldStarts) },
  { head: 'refused', cell: ({ refused }) => count(refused) },
  // Nobody waited where nobody was answered: that is no wait of zero.
  { head: 'wait, mean', cell: ({ waitMs }) => (waitMs.count > 0 ? duration(waitMs.mean) : '–') },
  { head: 'wait, p99', cell: ({ waitMs }) => (waitMs.count > 0 ? duration(waitMs.p99) : '–') },
];

function modelRow(name: string, arrived: number, outcomes: readonly Outcome[]): Html {
  const cells = outcomes.map(({ report }) => {
    const deployment = report.deployments.find((each) => each.name === name)!;
    return MODEL_COLUMNS.map(({ cell }) => html`<td class="number">${cell(deployment)}</td>`);
  });
  return html`<tr>
    <th scope="row">${name}</th>
    <td class="number">${count(arrived)}</td>
    ${cells}
  </tr> `;
}

function refusalSection(outcomes: readonly Outcome[]): Html | string {
  if (outcomes.every(({ report }) => report.refusals.length === 0)) return '';
  const blocks = outcomes.flatMap(({ name, report }) =>
    report.refusals.map(
      ({ atMs, deployment, text }) =>
        html`<details>
          <summary>${name}: ${deployment}, ${duration(atMs)} into the trace</summary>
          <pre>${text}</pre>
        </details>`,
    ),
  );
  return html`<section aria-labelledby="refusals">
    <h2 id="refusals">Replicas that found no place</h2>
    ${blocks}
  </section>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function textAt(url: URL): string {
  return readFileSync(fileURLToPath(url), 'utf8');
}
