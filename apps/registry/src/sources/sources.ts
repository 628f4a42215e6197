import { DomainError } from '@ostro/kernel';
import type { ImportSource } from '../domain/source.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { ContentSource } from './content-source.ts';
import { PackagedSource } from './packaged-source.ts';

export interface SourceSettings {
  readonly packagedModelDir: string | undefined;
}

/** The source of an import, ready to read from. */
export class Sources {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly settings: SourceSettings,
  ) {}

  /** @throws DomainError when this registry cannot read from it; the same at every try. */
  of(source: ImportSource): ContentSource {
    switch (source.kind) {
      case 'packaged':
        return new PackagedSource(this.settings.packagedModelDir, this.catalogue.packaged(source.name));
      default:
        throw new DomainError('UNIMPLEMENTED', 'SOURCE', source.kind);
    }
  }

  /** What the catalogue says where the files are silent; empty: nothing. */
  licenceOf(source: ImportSource): string {
    return source.kind === 'packaged' ? this.catalogue.packaged(source.name).licence : '';
  }
}
