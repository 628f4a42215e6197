import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelNameFor, parseImportSource } from './import-source.ts';
import { localFiles } from './local-files.ts';
import { progress } from './run-import.ts';

describe('an import source', () => {
  it.each([
    ['./weights/Tiny Model.Q4_0.gguf', { kind: 'path', path: './weights/Tiny Model.Q4_0.gguf' }, 'tiny-model.q4_0'],
    ['packaged:gemma-3-270m', { kind: 'packaged', name: 'gemma-3-270m' }, 'gemma-3-270m'],
    ['https://example.org/a/Model.gguf?x=1', { kind: 'https', url: 'https://example.org/a/Model.gguf?x=1' }, 'model'],
    [
      'hf://org/name/sub/File.gguf',
      { kind: 'hugging_face', repository: 'org/name', file: 'sub/File.gguf', revision: '' },
      'file',
    ],
    [
      'hf://org/name@v1.2/file.gguf',
      { kind: 'hugging_face', repository: 'org/name', file: 'file.gguf', revision: 'v1.2' },
      'file',
    ],
  ])('is read from %s, with a name for the model', (text, source, name) => {
    expect(parseImportSource(text)).toEqual(source);
    expect(modelNameFor(parseImportSource(text))).toBe(name);
  });

  it.each(['ftp://example.org/x', 'http://example.org/x.gguf', 'hf://org/name', 'hf://org'])(
    'of another form is refused with the forms there are: %s',
    (text) => {
      expect(() => parseImportSource(text)).toThrow(/hf:\/\/org\/name/);
    },
  );

  it('without a usable name asks for one', () => {
    expect(() => modelNameFor({ kind: 'path', path: '___.gguf' })).toThrow(/--name/);
  });
});

describe('local files', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ostro-cli-'));
    await mkdir(join(dir, 'model', 'sub'), { recursive: true });
    await mkdir(join(dir, 'model', '.cache'));
    await mkdir(join(dir, 'empty'));
    for (const path of ['model/config.json', 'model/sub/a.safetensors', 'model/.cache/lock', 'model/.gitignore']) {
      await writeFile(join(dir, path), path);
    }
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('are one file under its own name, or what a folder holds and does not hide', async () => {
    expect(await localFiles(dir, 'model/config.json')).toMatchObject([{ path: 'config.json', sizeBytes: 17 }]);
    const files = await localFiles(dir, 'model');
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'sub/a.safetensors']);
  });

  it('that are not there, or none, are told by their place', async () => {
    await expect(localFiles(dir, 'nothing')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/nothing/),
    });
    await expect(localFiles(dir, 'empty')).rejects.toMatchObject({ reason: 'NOTHING_TO_UPLOAD' });
  });
});

describe('progress', () => {
  it('is a bar when the size is known, and never more than full', () => {
    expect(progress(512, 2_048)).toBe(`[${'#'.repeat(8)}${'-'.repeat(22)}] 25 %  512 B of 2.0 KiB`);
    expect(progress(3_000, 2_048)).toContain('100 %');
    expect(progress(512, 0)).toBe('512 B');
  });
});
