/** One line for a person who waits: what is being done and, for downloads, how far it is. */
export interface Progress {
  readonly step: string;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
}

export type OnProgress = (progress: Progress) => void;
