import { Script } from 'node:vm';
import { aReport, aSeries } from '../../test/builders.ts';
import { chartsOf } from './charts.ts';
import { pageOf } from './page.ts';
import type { WhatIf } from './what-if.ts';

const minutes = 1_500;
const busy = Array.from({ length: minutes }, (_, minute) => minute % 7);
const outcomes = [
  { name: 'own', report: aReport({ series: aSeries(minutes, { arrived: busy, gpus: busy.map(() => 60) }) }) },
  {
    name: '</script><b>',
    report: aReport({ series: aSeries(minutes + 10, { arrived: [...busy, ...busy.slice(0, 10)] }) }),
  },
];
const whatIf: WhatIf = {
  trace: {
    file: 'a<b>.csv',
    requests: 9,
    spanMs: 90_000,
    startMs: 0,
    models: new Map(),
    prefixBlockTokens: undefined,
    leftOut: 0,
    badRows: [],
  },
  seed: 1,
  outcomes,
};

describe('the charts', () => {
  const { charts, times, timeUnit } = chartsOf(outcomes, 100);

  it('have one time axis in a unit that suits, and at most so many points', () => {
    expect(timeUnit).toBe('hours');
    expect(times).toHaveLength(95);
    expect(times.slice(0, 3)).toEqual([0, 0.2667, 0.5333]);
    for (const { lines } of charts) for (const { values } of lines) expect(values).toHaveLength(times.length);
  });

  it('are those in which something happens, and say what a point is', () => {
    expect(charts.map(({ id }) => id)).toEqual(['arrived', 'gpus', 'gpu-hours']);
    expect(charts[1]!.note).toBe('Each point is the mean of 16 minutes.');
  });

  it('sum GPU-hours up, and end where a policy ends', () => {
    const [own, rival] = charts.find(({ id }) => id === 'gpu-hours')!.lines;
    expect(own!.values[0]).toBe(16);
    expect(own!.values[93]).toBe(1_500);
    expect(own!.values[94]).toBeNull();
    expect(rival!.values[94]).toBe(0);
  });
});

describe('the page', () => {
  const page = pageOf(whatIf);

  it('escapes names, in text, in attributes and in its data', () => {
    expect(page).toContain('&lt;/script&gt;&lt;b&gt;</span>');
    expect(page).toContain('from a&lt;b&gt;.csv');
    expect(page).not.toContain('<b>');
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<\/script>/g)).toHaveLength(3);
  });

  it('has scripts that can be read: nobody builds what is in assets', () => {
    const scripts = [...page.matchAll(/<script(?: type="module")?>(.*?)<\/script>/gs)].map(([, text]) => text!);
    expect(scripts).toHaveLength(2);
    for (const text of scripts) expect(() => new Script(`(() => {${text}})`)).not.toThrow();
  });

  it('says each chart in words and as a table, for those who do not see it', () => {
    expect(page).toContain(
      'aria-label="GPUs held in GPUs over time: own from 60 to 60; &lt;/script&gt;&lt;b&gt; from 0 to 0"',
    );
    expect(page.match(/<summary>As a table<\/summary>/g)).toHaveLength(3);
    expect(page).toMatch(/<caption>\s*GPU-hours so far\s*<\/caption>/);
  });
});
