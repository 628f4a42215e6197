/** Tells watchers and reconcilers of this process that imports changed, sooner than their next look would. */
export class ImportChanges {
  #news = new AbortController();

  /** Aborts at the next change. Take it before looking, so that nothing falls between. */
  signal(): AbortSignal {
    return this.#news.signal;
  }

  tell(): void {
    this.#news.abort();
    this.#news = new AbortController();
  }
}
