import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

interface Named<L extends string> {
  /** Prometheus spelling, unit at the end: `ostro_outbox_pending_count`. */
  readonly name: string;
  readonly help: string;
  /** Never an id of a request, key or user: each combination of values is kept for ever. */
  readonly labels?: readonly L[];
}

/** One service's metrics. Each sample says which service it is from, so that several can share a page. */
export class Metrics {
  readonly registry = new Registry();

  constructor(readonly service: string) {
    this.registry.setDefaultLabels({ service });
  }

  counter<L extends string = never>({ name, help, labels = [] }: Named<L>): Counter<L> {
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  /** `read` is called at each scrape, for values that something else already keeps. */
  gauge<L extends string = never>({ name, help, labels = [] }: Named<L>, read?: () => Promise<number> | number) {
    return new Gauge<L>({
      name,
      help,
      labelNames: labels,
      registers: [this.registry],
      ...(read && {
        async collect() {
          this.set(await read());
        },
      }),
    });
  }

  histogram<L extends string = never>({ name, help, labels = [], buckets }: Named<L> & { buckets: readonly number[] }) {
    return new Histogram<L>({ name, help, labelNames: labels, buckets: [...buckets], registers: [this.registry] });
  }
}

/** Several services' metrics as one page: a name that two of them use appears once, with samples of both. */
export async function renderMetrics(registries: readonly Registry[]): Promise<string> {
  const parts = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
  return AggregatorRegistry.aggregate(parts).metrics();
}
