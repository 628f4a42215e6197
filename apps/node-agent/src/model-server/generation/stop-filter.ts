export interface Released {
  readonly text: string;
  /** Tokens whose text has been released in full since the beginning: a client that got this text got these. */
  readonly tokens: number;
  readonly stopped: boolean;
}

/**
 * Ends an answer before the first stop string and holds back only what could still become one. Token counts follow
 * the released text, so that a checkpoint never counts text the client has not been sent.
 */
export class StopFilter {
  readonly #stop: readonly string[];
  #held = '';
  #received = 0;
  #receivedTokens = 0;
  #released = 0;
  #releasedTokens = 0;
  #marks: { readonly end: number; readonly tokens: number }[] = [];

  constructor(stop: readonly string[]) {
    this.#stop = stop;
  }

  push(text: string, tokens: number): Released {
    this.#receivedTokens += tokens;
    if (text === '') return this.#release(0, false);
    this.#received += text.length;
    this.#marks.push({ end: this.#received, tokens: this.#receivedTokens });
    this.#held += text;
    const stopAt = this.#firstStop();
    if (stopAt !== undefined) return this.#release(stopAt, true);
    return this.#release(this.#held.length - this.#possibleStop(), false);
  }

  /** Everything still held, for an answer that ended otherwise. */
  end(): Released {
    return this.#release(this.#held.length, false);
  }

  #firstStop(): number | undefined {
    const places = this.#stop.map((stop) => this.#held.indexOf(stop)).filter((place) => place >= 0);
    return places.length === 0 ? undefined : Math.min(...places);
  }

  /** The length of the longest end of the held text that begins a stop string. */
  #possibleStop(): number {
    const longest = Math.max(0, ...this.#stop.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, this.#held.length); length > 0; length--) {
      const end = this.#held.slice(-length);
      if (this.#stop.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }

  #release(length: number, stopped: boolean): Released {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    this.#released += length;
    while (this.#marks[0] && this.#marks[0].end <= this.#released) {
      this.#releasedTokens = this.#marks[0].tokens;
      this.#marks.shift();
    }
    return { text, tokens: this.#releasedTokens, stopped };
  }
}
