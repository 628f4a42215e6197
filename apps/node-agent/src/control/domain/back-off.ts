export interface BackOffOptions {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Pauses that double up to a limit. With a source of chance they are spread, so that a fleet does not return as one. */
export class BackOff {
  readonly #options: BackOffOptions;
  readonly #chance: () => number;

  constructor(options: BackOffOptions, chance: () => number = () => 1) {
    this.#options = options;
    this.#chance = chance;
  }

  /** The pause after so many failures in a row, the first being 1. */
  pauseMs(failures: number): number {
    const { firstMs, mostMs } = this.#options;
    const full = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), mostMs);
    return Math.round(full * (0.5 + this.#chance() / 2));
  }
}
