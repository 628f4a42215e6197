import { aGguf, aSafetensors } from '../test/builders.ts';
import { bytesSource, detectFormat, type ModelFile, readFacts } from './index.ts';

const bytesOf = (latin1: string): Uint8Array => Uint8Array.from(latin1, (char) => char.charCodeAt(0));
const file = (path: string, content: string | Uint8Array): ModelFile => ({
  path,
  source: bytesSource(typeof content === 'string' ? new TextEncoder().encode(content) : content),
});

describe('detectFormat', () => {
  it('tells the two accepted formats by content', async () => {
    await expect(detectFormat(bytesSource(aGguf().bytes))).resolves.toBe('gguf');
    await expect(detectFormat(bytesSource(aSafetensors()))).resolves.toBe('safetensors');
  });

  it('takes a safetensors header of 640 bytes for what it is, although pickles begin with the same two bytes', async () => {
    const bytes = bytesOf(`\x80\x02\0\0\0\0\0\0{${' '.repeat(638)}}`);
    await expect(detectFormat(bytesSource(bytes))).resolves.toBe('safetensors');
  });

  it.each([
    ['an empty file', '', 'FORMAT_EMPTY', /empty/],
    ['a pickle', '\x80\x02}q\0.', 'FORMAT_PICKLE', /runs code/],
    ['a PyTorch checkpoint', 'PK\x03\x04\0\0\0\0\0\0', 'FORMAT_ARCHIVE', /PyTorch/],
    ['a tar', `${'name'.padEnd(257, '\0')}ustar\0`, 'FORMAT_ARCHIVE', /tar/],
    ['gzip', '\x1f\x8b\x08\0\0\0\0\0\0', 'FORMAT_ARCHIVE', /gzip/],
    ['HDF5', '\x89HDF\r\n\x1a\n\0', 'FORMAT_FOREIGN', /HDF5/],
    ['ONNX', '\x08\x07\x12\x07pytorch', 'FORMAT_FOREIGN', /ONNX/],
    ['old GGML', 'tjgg\x03\0\0\0', 'FORMAT_FOREIGN', /GGJT/],
    ['a git-lfs pointer', 'version https://git-lfs.github.com/spec/v1\n', 'FORMAT_NOT_WEIGHTS', /git-lfs/],
    ['a login page', '<!DOCTYPE html><html>', 'FORMAT_NOT_WEIGHTS', /web page/],
    ['noise', 'abcdefghij', 'FORMAT_UNKNOWN', /61 62 63/],
  ])('refuses %s and says what it looks like', async (_, content, reason, message) => {
    const refused = detectFormat(bytesSource(bytesOf(content)));
    await expect(refused).rejects.toMatchObject({ reason, message: expect.stringMatching(message) });
    await expect(refused).rejects.toThrow(/Only GGUF and safetensors are accepted/);
  });
});

describe('the files of a model', () => {
  const weights = file('model.gguf', aGguf().bytes);

  it('may have texts beside the weights', async () => {
    const readme = file('README.md', '<!-- a model -->');
    await expect(
      readFacts([weights, readme, file('LICENSE', 'Apache'), file('.gitattributes', '*')]),
    ).resolves.toBeDefined();
  });

  it.each([
    ['code', file('modeling.py', 'import os'), 'FORMAT_NOT_WEIGHTS'],
    ['a pickle called a text', file('notes.txt', bytesOf('\x80\x04.')), 'FORMAT_PICKLE'],
    ['a pickle by name', file('pytorch_model.bin', aGguf().bytes), 'FORMAT_PICKLE'],
    ['weights of the other format', file('model.safetensors', aSafetensors()), 'FORMAT_MIXED'],
  ])('may not have %s among them', async (_, other, reason) => {
    await expect(readFacts([weights, other])).rejects.toMatchObject({ reason });
  });

  it('must have weights', async () => {
    await expect(readFacts([file('config.json', '{}'), file('README.md', '')])).rejects.toMatchObject({
      reason: 'FORMAT_NO_WEIGHTS',
    });
  });
});
