import { usageV1 } from '@ostro/contracts';
import type { Metrics } from '@ostro/telemetry';
import type { AttemptResult } from '../witness/witness-log.ts';

export interface AgentGauges {
  readonly runningRequests: () => number;
  readonly readyReplicas: () => number;
  readonly publishedWitnesses: () => number;
  readonly isConnected: () => boolean;
}

const DURATION_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** What this node does, in numbers; no label is an id. */
export class AgentMetrics {
  readonly #metrics: Metrics;
  readonly #attempts;
  readonly #refusals;
  readonly #tokens;
  readonly #durations;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#attempts = metrics.counter({
      name: 'ostro_agent_attempts_total',
      help: 'Attempts that reached a model server, by how they ended.',
      labels: ['end'],
    });
    this.#refusals = metrics.counter({
      name: 'ostro_agent_refusals_total',
      help: 'Attempts the agent itself refused, by reason.',
      labels: ['reason'],
    });
    this.#tokens = metrics.counter({
      name: 'ostro_agent_tokens_total',
      help: "Tokens by the engines' own count.",
      labels: ['kind'],
    });
    this.#durations = metrics.histogram({
      name: 'ostro_agent_attempt_duration_seconds',
      help: 'From the request to the model server to the last byte of its answer.',
      buckets: DURATION_SECONDS,
    });
  }

  /** Values that others keep, read at each scrape. */
  observe(gauges: AgentGauges): void {
    const help = (name: string, text: string): { name: string; help: string } => ({ name, help: text });
    this.#metrics.gauge(help('ostro_agent_running_requests', 'Requests that run now.'), gauges.runningRequests);
    this.#metrics.gauge(help('ostro_agent_ready_replicas', 'Replicas that serve.'), gauges.readyReplicas);
    this.#metrics.gauge(
      help('ostro_agent_published_witnesses', 'Witnesses brought to Kafka by this process.'),
      gauges.publishedWitnesses,
    );
    this.#metrics.gauge(help('ostro_agent_scheduler_connected', '1 while the scheduler answers.'), () =>
      gauges.isConnected() ? 1 : 0,
    );
  }

  refused(reason: string): void {
    this.#refusals.inc({ reason });
  }

  ended({ end, tokens }: AttemptResult, durationMs: number): void {
    this.#attempts.inc({ end: end === usageV1.AttemptEnd.ATTEMPT_END_COMPLETE ? 'complete' : 'aborted' });
    this.#tokens.inc({ kind: 'input' }, Number(tokens?.inputTokens ?? 0n));
    this.#tokens.inc({ kind: 'output' }, Number(tokens?.outputTokens ?? 0n));
    this.#durations.observe(durationMs / 1_000);
  }
}
