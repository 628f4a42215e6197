import type { ImportedFile } from '../domain/import.ts';

/** A file's bytes on their way. */
export interface Content {
  /** Where the bytes begin; 0 when the source cannot, or may not, go on where we stopped. */
  readonly startsAt: number;
  readonly sizeBytes: number | null;
  readonly validator: string | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Where a model comes from. The import's own source is bound in when it is made. */
export abstract class ContentSource {
  /** All files of the model, each with the place it is read from, so that every try reads the same ones. */
  abstract list(signal: AbortSignal): Promise<readonly ImportedFile[]>;

  /**
   * @throws DomainError UNAVAILABLE for what may pass, and is tried again; any other code ends the import.
   */
  abstract open(file: ImportedFile, from: number, signal: AbortSignal): Promise<Content>;
}
