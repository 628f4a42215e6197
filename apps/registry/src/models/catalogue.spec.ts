import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkedModelName } from '../domain/names.ts';
import { checkedSource } from '../domain/source.ts';
import { Catalogue } from './catalogue.ts';

const LOCK = join(import.meta.dirname, '../../../../libs/embedded/model.lock.json');

describe('the catalogue', () => {
  let catalogue: Catalogue;
  beforeAll(async () => {
    catalogue = await Catalogue.load();
  });

  it('has entries that can be imported under their names', () => {
    expect(catalogue.entries.length).toBeGreaterThanOrEqual(13);
    const names = catalogue.entries.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, source, licence, licenceUrl, sizeBytes, description } of catalogue.entries) {
      expect(checkedModelName(name)).toBe(name);
      expect([licence, licenceUrl, description].every((text) => text.length > 2)).toBe(true);
      expect(sizeBytes).toBeGreaterThan(100_000_000);
      const [, repository, file] = /^hf:\/\/([^/]+\/[^/]+)\/(.+)$/.exec(source) ?? [];
      if (repository) {
        expect(checkedSource({ kind: 'hugging_face', repository, file: file!, revision: '' })).toMatchObject({ file });
      } else expect(catalogue.packaged(source.slice('packaged:'.length))).toMatchObject({ name });
    }
  });

  it('pins the packaged model to the one that is installed', async () => {
    const { file, bytes, sha256 } = JSON.parse(await readFile(LOCK, 'utf8')) as Record<string, unknown>;
    expect(catalogue.packaged('gemma-3-270m')).toMatchObject({ file, sizeBytes: bytes, sha256 });
  });

  it('names what there is to whoever asks for something else', () => {
    expect(() => catalogue.packaged('gpt-5')).toThrow(/there is gemma-3-270m/);
  });
});
