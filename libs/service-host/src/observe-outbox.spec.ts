import { createLogger, Metrics, renderMetrics } from '@ostro/telemetry';
import { observeOutbox } from './observe-outbox.ts';

describe('observeOutbox', () => {
  const lines: string[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'warn',
    destination: { write: (line) => void lines.push(line) },
  });
  const metrics = new Metrics('test');
  const observer = observeOutbox({ metrics, logger });

  it('shows what waits and for how long', async () => {
    observer.onLag({ pending: 7, oldestAgeMs: 1_500 });
    const page = await renderMetrics([metrics.registry]);
    expect(page).toContain('ostro_outbox_pending_count{service="test"} 7');
    expect(page).toContain('ostro_outbox_oldest_age_seconds{service="test"} 1.5');
  });

  it('warns of what keeps events waiting', () => {
    observer.onError(new Error('broker away'));
    expect(lines.join()).toContain('broker away');
  });
});
