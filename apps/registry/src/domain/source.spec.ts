import { checkedSource, type ImportSource, labelOf } from './source.ts';

const upload = (...files: [string, number][]): ImportSource => ({
  kind: 'upload',
  files: files.map(([path, sizeBytes]) => ({ path, sizeBytes })),
});
const https = (url: string, sha256 = ''): ImportSource => ({ kind: 'https', url, sha256 });
const huggingFace = (repository: string, file = 'm.gguf', revision = ''): ImportSource => ({
  kind: 'hugging_face',
  repository,
  file,
  revision,
});

describe('a source', () => {
  it.each([
    [upload(), 'INVALID_UPLOAD'],
    [upload(['a', 1], ['a', 2]), 'INVALID_UPLOAD'],
    [upload(['a', 0]), 'INVALID_UPLOAD'],
    [upload(['a', 2 ** 40], ['b', 1]), 'INVALID_UPLOAD'],
    [upload(['../a', 1]), 'INVALID_PATH'],
    [https('http://example.org/m.gguf'), 'INVALID_URL'],
    [https('https://user:password@example.org/m.gguf'), 'INVALID_URL'],
    [https('file:///etc/passwd'), 'INVALID_URL'],
    [https('https://example.org/m.gguf', 'abc'), 'INVALID_DIGEST'],
    [huggingFace('name'), 'INVALID_REPOSITORY'],
    [huggingFace('a/b/c'), 'INVALID_REPOSITORY'],
    [huggingFace('../b'), 'INVALID_REPOSITORY'],
    [huggingFace('a/b', '../m.gguf'), 'INVALID_PATH'],
    [huggingFace('a/b', 'm.gguf', '../main'), 'INVALID_REVISION'],
  ])('%# is refused', (source, reason) => {
    expect(() => checkedSource(source)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', reason }));
  });

  it('has one spelling and a label without credentials', () => {
    expect(checkedSource(huggingFace('Qwen/Qwen3-0.6B', 'm.gguf'))).toMatchObject({ revision: 'main' });
    expect(checkedSource(https('https://EXAMPLE.org', 'AB'.repeat(32)))).toEqual(
      https('https://example.org/', 'ab'.repeat(32)),
    );
    expect(labelOf(https('https://example.org/a/m.gguf?signature=secret'))).toBe('https://example.org/a/m.gguf');
    expect(labelOf(huggingFace('a/b', 'm.gguf', 'main'))).toBe('hf://a/b/m.gguf@main');
  });
});
