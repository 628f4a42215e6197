import type { ServiceContext } from './service-context.ts';

/** What an outbox relay reports. */
interface OutboxObserver {
  onLag(lag: { readonly pending: number; readonly oldestAgeMs: number }): void;
  onError(error: unknown): void;
}

/** The same metrics and the same warning for the outbox of every service: hand it to the relay's options. */
export function observeOutbox({ metrics, logger }: Pick<ServiceContext, 'metrics' | 'logger'>): OutboxObserver {
  const pending = metrics.gauge({
    name: 'ostro_outbox_pending_count',
    help: 'Events that wait to be published, counted up to 10,000.',
  });
  const age = metrics.gauge({
    name: 'ostro_outbox_oldest_age_seconds',
    help: 'Age of the oldest event that waits to be published.',
  });
  return {
    onLag: (lag) => {
      pending.set(lag.pending);
      age.set(lag.oldestAgeMs / 1_000);
    },
    onError: (err) => logger.warn({ err }, 'events wait in the outbox until the database and Kafka answer again'),
  };
}
