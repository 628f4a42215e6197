import type { ImportedFile } from '../domain/import.ts';

/** A file's bytes on their way. */
export interface Content {
  /** Where the bytes begin; 0 when the source cannot, or may not, go on where we stopped. */
  readonly startsAt: number;
  readonly sizeBytes: number | null;
  readonly validator: string | null;
  /** What the source says the whole file hashes to. */
  readonly sha256: string | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Where a model comes from. The import's own source is bound in when it is made. */
export abstract class ContentSource {
  /** What belongs to the model, as far as it is known before the first byte. */
  abstract files(): readonly ImportedFile[];

  /**
   * @throws DomainError UNAVAILABLE for what may pass, and is tried again; any other code ends the import.
   */
  abstract open(file: ImportedFile, from: number, signal: AbortSignal): Promise<Content>;
}
