import type { usageV1 } from '@ostro/contracts';
import type { Metrics } from '@ostro/telemetry';

/**
 * How much of the prompts was cached: as the choice of replicas believed, and as the engines say. When the first share
 * is above the second, replicas forget sooner than is believed, or are sent other text than was hashed.
 */
export class PromptTokens {
  readonly #counter;

  constructor(metrics: Metrics) {
    this.#counter = metrics.counter({
      name: 'ostro_gateway_prompt_tokens_total',
      help: 'Tokens of prompts, and those of them that were cached: estimated at dispatch, and as counted by the engine.',
      labels: ['counted_by', 'part'],
    });
  }

  believed(inputTokens: number, cachedTokens: number): void {
    this.#count('gateway', inputTokens, cachedTokens);
  }

  reported({ inputTokens, cachedInputTokens }: usageV1.TokenCounts): void {
    this.#count('engine', Number(inputTokens), Number(cachedInputTokens));
  }

  #count(countedBy: string, inputTokens: number, cachedTokens: number): void {
    this.#counter.inc({ counted_by: countedBy, part: 'input' }, inputTokens);
    this.#counter.inc({ counted_by: countedBy, part: 'cached' }, cachedTokens);
  }
}
