import type { Id } from '@ostro/kernel';

/** A node and how many of its reports have arrived. */
export interface Pulse {
  readonly nodeId: Id<'nod'>;
  readonly reportNumber: bigint;
}

/**
 * Notices silence. A node is silent once its report number has stood still for longer than the limit, as measured by
 * this process on its monotonic clock from when it first saw that number. So a scheduler that was down, a database
 * restored or a wall clock set forward kills no node: each gets the whole limit again.
 */
export class Liveness {
  readonly #deadAfterMs: number;
  #seen = new Map<Id<'nod'>, { readonly reportNumber: bigint; readonly sinceMs: number }>();

  constructor(deadAfterMs: number) {
    this.#deadAfterMs = deadAfterMs;
  }

  /** Takes in the present report numbers; answers the nodes that have been silent for too long. */
  observe(pulses: readonly Pulse[], nowMs: number): readonly Pulse[] {
    const before = this.#seen;
    this.#seen = new Map(
      pulses.map(({ nodeId, reportNumber }) => {
        const seen = before.get(nodeId);
        return [nodeId, seen?.reportNumber === reportNumber ? seen : { reportNumber, sinceMs: nowMs }];
      }),
    );
    return pulses.filter(({ nodeId }) => nowMs - this.#seen.get(nodeId)!.sinceMs > this.#deadAfterMs);
  }
}
