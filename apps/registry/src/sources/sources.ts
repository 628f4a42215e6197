import { DomainError, type Sensitive } from '@ostro/kernel';
import type { ImportSource } from '../domain/source.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { ContentSource } from './content-source.ts';
import type { GuardedHttp } from './guarded-http.ts';
import { HttpsSource } from './https-source.ts';
import { HuggingFaceSource } from './hugging-face-source.ts';
import { PackagedSource } from './packaged-source.ts';

export interface SourceSettings {
  readonly packagedModelDir: string | undefined;
  readonly huggingFaceUrl: string;
  readonly huggingFaceToken: Sensitive<string> | undefined;
}

/** The source of an import, ready to read from. */
export class Sources {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly http: GuardedHttp,
    private readonly settings: SourceSettings,
  ) {}

  /** @throws DomainError when this registry cannot read from it; the same at every try. */
  of(source: ImportSource): ContentSource {
    switch (source.kind) {
      case 'packaged':
        return new PackagedSource(this.settings.packagedModelDir, this.catalogue.packaged(source.name));
      case 'https':
        return new HttpsSource(this.http, source);
      case 'hugging_face': {
        const { huggingFaceUrl: url, huggingFaceToken: token } = this.settings;
        return new HuggingFaceSource(this.http, { url, token }, source);
      }
      case 'upload':
        throw new DomainError('FAILED_PRECONDITION', 'NOT_A_SOURCE', 'uploads are sent by the client, not fetched');
    }
  }

  /** What the catalogue says where the files are silent; empty: nothing. */
  licenceOf(source: ImportSource): string {
    return source.kind === 'packaged' ? this.catalogue.packaged(source.name).licence : '';
  }
}
