import { fileToImport, type ImportedFile } from '../domain/import.ts';
import { checkedPath } from '../domain/names.ts';
import type { ImportSource } from '../domain/source.ts';
import { type Content, ContentSource } from './content-source.ts';
import type { GuardedHttp } from './guarded-http.ts';
import { openHttp } from './http-content.ts';

/** One file from an https address. */
export class HttpsSource extends ContentSource {
  constructor(
    private readonly http: GuardedHttp,
    private readonly source: ImportSource & { kind: 'https' },
  ) {
    super();
  }

  list(): Promise<readonly ImportedFile[]> {
    const { url, sha256 } = this.source;
    return Promise.resolve([fileToImport(nameIn(url), { expectedSha256: sha256 || null })]);
  }

  open(file: ImportedFile, from: number, signal: AbortSignal): Promise<Content> {
    return openHttp(this.http, { url: this.source.url }, file, { from, signal });
  }
}

/** The last part of the address; formats are told by content, so any name will do. */
function nameIn(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1)!;
  return checkedPath(last.replace(/[^A-Za-z0-9._-]/g, '_') || 'model', 'https.url');
}
