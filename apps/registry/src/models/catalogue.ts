import { readFile } from 'node:fs/promises';
import { DomainError } from '@ostro/kernel';
import { parse } from 'yaml';

/** A model that is known to work. */
export interface CatalogueEntry {
  readonly name: string;
  readonly description: string;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly sizeBytes: number;
  /** "packaged:<name>" or "hf://<organization>/<name>/<file>". */
  readonly source: string;
  /** Hex; empty: not pinned. */
  readonly sha256: string;
  /** Of a packaged model: its file in the folder of packaged models. */
  readonly file: string;
}

const FILE = new URL('../../catalogue.yaml', import.meta.url);

/** The models this version of Ostro knows, from catalogue.yaml. */
export class Catalogue {
  readonly entries: readonly CatalogueEntry[];

  constructor(entries: readonly CatalogueEntry[]) {
    this.entries = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  static async load(): Promise<Catalogue> {
    const { models } = parse(await readFile(FILE, 'utf8')) as { models: Record<string, string | number>[] };
    return new Catalogue(models.map(fromYaml));
  }

  /** @throws DomainError NOT_FOUND (PACKAGED_MODEL_UNKNOWN) naming those there are. */
  packaged(name: string): CatalogueEntry {
    const packaged = this.entries.filter(({ source }) => source.startsWith('packaged:'));
    const entry = packaged.find(({ source }) => source === `packaged:${name}`);
    if (entry) return entry;
    throw new DomainError(
      'NOT_FOUND',
      'PACKAGED_MODEL_UNKNOWN',
      `no model "${name}" comes with this installation; there is ${packaged.map((known) => known.name).join(', ')}`,
      { details: { name } },
    );
  }
}

function fromYaml(entry: Record<string, string | number>): CatalogueEntry {
  const text = (key: string) => String(entry[key] ?? '');
  return {
    name: text('name'),
    description: text('description'),
    licence: text('licence'),
    licenceUrl: text('licence_url'),
    sizeBytes: Number(entry['size_bytes'] ?? 0),
    source: text('source'),
    sha256: text('sha256'),
    file: text('file'),
  };
}
