// Draws the charts of the page. Runs in a browser, offline; `uPlot` stands before it on the page.
/* global uPlot */
const { timeUnit, times, charts } = JSON.parse(document.getElementById('charts').textContent);
const HEIGHT = 240;
const plots = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const number = (value) =>
  value === null || value === undefined ? '–' : value.toLocaleString('en-US', { maximumSignificantDigits: 4 });

const axis = (values) => ({
  stroke: colour('quiet'),
  grid: { stroke: colour('grid'), width: 1 },
  ticks: { stroke: colour('grid'), width: 1 },
  ...values,
});

// A line has at least two ends: a value between gaps is drawn as a point, or nobody would see it.
const alone = (values) =>
  [...values.keys()].filter((at) => values[at] !== null && values[at - 1] == null && values[at + 1] == null);

// A second policy is dashed as well: colour alone is not for everybody.
const line = ({ name, policy }) => ({
  label: name,
  stroke: colour(policy === undefined ? 'trace' : `policy-${policy}`),
  width: 1.5,
  dash: policy === 1 ? [6, 3] : undefined,
  points: { size: 4, show: () => false, filter: (plot, at) => alone(plot.data[at]) },
  value: (_, value) => number(value),
});

const draw = (chart) => {
  const place = document.getElementById(`chart-${chart.id}`);
  const options = {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { markers: { dash: (plot, at) => (plot.series[at].dash ? 'dashed' : 'solid') } },
    cursor: { sync: { key: 'time' }, y: false },
    scales: { x: { time: false }, y: { range: (_, min, max) => [Math.min(0, min), max > 0 ? max * 1.05 : 1] } },
    axes: [
      axis({ label: `${timeUnit} since the first request`, labelSize: 22, size: 36 }),
      axis({ size: 62, values: (_, ticks) => ticks.map(number) }),
    ],
    series: [{ label: timeUnit, value: (_, value) => number(value) }, ...chart.lines.map(line)],
  };
  place.replaceChildren();
  plots.push({ place, plot: new uPlot(options, [times, ...chart.lines.map(({ values }) => values)], place) });
};

const drawAll = () => {
  for (const { plot } of plots.splice(0)) plot.destroy();
  charts.forEach(draw);
};

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
new ResizeObserver(() => {
  for (const { place, plot } of plots) {
    if (plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }
}).observe(document.body);
