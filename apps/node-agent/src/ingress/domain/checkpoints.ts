export interface Checkpoint {
  readonly bodyOffset: number;
  readonly outputTokens: number;
}

const MOST = 4_096;

/**
 * How far the answer was, in bytes and in tokens. At most 4,096 points whatever the length: when they are too many
 * every second one goes, and from then on only every second one comes.
 */
export class Checkpoints {
  #kept: Checkpoint[] = [];
  #last: Checkpoint | undefined;
  #seen = 0;
  #stride = 1;

  /** Tokens that did not grow say nothing new. */
  add(bodyOffset: number, outputTokens: number): void {
    if (outputTokens === (this.#last?.outputTokens ?? 0)) return;
    this.#last = { bodyOffset, outputTokens };
    if (this.#seen++ % this.#stride === 0) this.#kept.push(this.#last);
    if (this.#kept.length < MOST) return;
    this.#kept = this.#kept.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
  }

  /** In order, the newest always among them. */
  list(): Checkpoint[] {
    const isLastKept = this.#last === undefined || this.#kept.at(-1) === this.#last;
    return isLastKept ? this.#kept : [...this.#kept, this.#last!];
  }
}
