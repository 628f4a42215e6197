import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readYaml } from './manifests.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}

interface Collector {
  readonly receivers: object;
  readonly processors: object;
  readonly exporters: object;
  readonly service: { readonly pipelines: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const { groups } = readYaml<{ groups: { rules: Alert[] }[] }>('deploy/prometheus/alerts.yml');
const alerts = groups.flatMap(({ rules }) => rules).map((alert) => [alert.alert, alert] as const);

/** Names of metrics as the code has them; one that is put together, such as `ostro_${view}_age`, is a pattern. */
function metricNames(): readonly RegExp[] {
  const files = globSync('{apps,libs}/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.spec.ts'));
  const names = files.flatMap((file) => {
    const found = readFileSync(`${root}/${file}`, 'utf8').matchAll(/['"`]((?:ostro|gen_ai)_[\w${}]*_[a-z]+)['"`]/g);
    return [...found].map(([, name]) => name!);
  });
  return names.map((name) => new RegExp(`^${name.replaceAll(/\$\{\w+\}/g, '\\w+')}(_bucket|_sum|_count)?$`));
}

describe('deploy/prometheus', () => {
  const known = metricNames();

  it.each(alerts)('%s watches metrics that exist, and says what to do', (_, { expr, labels, annotations }) => {
    const watched = expr.match(/\b(ostro|gen_ai)_\w+/g) ?? [];
    expect(watched.filter((name) => !known.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(watched.length > 0 || expr.startsWith('up{')).toBe(true);
    expect(['page', 'warn']).toContain(labels.severity);
    expect(annotations.summary.length * annotations.action.length).toBeGreaterThan(0);
  });

  it('reads every service that compose runs, at the port its image binds', () => {
    const { scrape_configs: scrapes } = readYaml<{ scrape_configs: { static_configs: { targets: string[] }[] }[] }>(
      'deploy/prometheus/prometheus.yml',
    );
    const targets = scrapes.flatMap((scrape) => scrape.static_configs.flatMap((config) => config.targets)).sort();
    const { services } = readYaml<{ services: Record<string, { build?: { target: string } }> }>('docker-compose.yml');
    const ours = Object.entries(services).filter(([, { build }]) => build && build.target !== 'operator');
    expect(targets).toEqual(ours.map(([name]) => `${name}:9464`).sort());
  });
});

describe('deploy/otel-collector', () => {
  it('builds its pipelines from parts it declares', () => {
    const { service, ...declared } = readYaml<Collector>('deploy/otel-collector/config.yaml');
    for (const pipeline of Object.values(service.pipelines)) {
      for (const [kind, parts] of Object.entries(pipeline)) {
        expect(Object.keys(declared[kind as keyof typeof declared])).toEqual(expect.arrayContaining([...parts]));
      }
    }
  });
});
