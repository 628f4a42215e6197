import { companionsOf, isIndex, partsOf, shardsIn } from './hugging-face-files.ts';

describe('the files of a repository', () => {
  it('are all parts of a split model, whichever was named', () => {
    const parts = ['q/m-00001-of-00003.gguf', 'q/m-00002-of-00003.gguf', 'q/m-00003-of-00003.gguf'];
    for (const part of parts) expect(partsOf(part)).toEqual(parts);
    expect(partsOf('m.gguf')).toEqual(['m.gguf']);
    expect(partsOf('m-1-of-3.gguf')).toEqual(['m-1-of-3.gguf']);
  });

  it('have companions beside safetensors alone, in the same folder', () => {
    expect(companionsOf('m.gguf')).toEqual([]);
    expect(companionsOf('sub/model.safetensors')).toContain('sub/config.json');
    expect(companionsOf('model.safetensors.index.json')).not.toContain('model.safetensors.index.json');
  });

  it('are those an index lists, once each', () => {
    expect(isIndex('model.safetensors.index.json')).toBe(true);
    const index = { weight_map: { a: 's2.safetensors', b: 's1.safetensors', c: 's2.safetensors' } };
    expect(shardsIn(index, 'sub/model.safetensors.index.json')).toEqual(['sub/s1.safetensors', 'sub/s2.safetensors']);
    for (const broken of [null, [], {}, { weight_map: {} }, { weight_map: { a: 1 } }, 'text']) {
      expect(shardsIn(broken, 'x')).toBeUndefined();
    }
  });
});
