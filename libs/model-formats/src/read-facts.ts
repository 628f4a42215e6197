import { type ByteSource, MAX_READ_BYTES } from './byte-source.ts';
import { assertCompanion, detectFormat, type WeightFormat } from './detect-format.ts';
import { ggufFacts } from './gguf/gguf-facts.ts';
import { type GgufHeader, readGgufHeader } from './gguf/read-gguf.ts';
import { repositoryFacts } from './hugging-face/repository-facts.ts';
import type { ModelFacts } from './model-facts.ts';
import { refuse } from './rules.ts';
import { readSafetensorsHeader, type SafetensorsHeader } from './safetensors/read-safetensors.ts';

/** One file of a model: its path in the repository, and its bytes. */
export interface ModelFile {
  readonly path: string;
  readonly source: ByteSource;
}

const MAX_TEXT_BYTES = 8_388_608;
const COMPANION =
  /(^|\/)(\.gitattributes|[^./]+|[^/]+\.(json|jsonl|jinja|md|model|pdf|png|jpe?g|tiktoken|txt|ya?ml))$/i;

/**
 * Checks every file of a model and says what the model is. Weights are told by content, never by name; what stands
 * beside them may be text, but not code and not weights of another format. Throws INVALID_ARGUMENT with the rule.
 */
export async function readFacts(files: readonly ModelFile[]): Promise<ModelFacts> {
  const weights = files.length === 1 ? files : files.filter(({ path }) => !COMPANION.test(path));
  for (const { path } of files) refuseByName(path);
  for (const file of files) if (!weights.includes(file)) await assertCompanion(file.source);
  const format = await commonFormat(weights);
  if (format === 'gguf') return ggufFacts(await readAll<GgufHeader>(weights, readGgufHeader));
  const shards = await readAll<SafetensorsHeader>(weights, readSafetensorsHeader);
  const config = await textOf(files, 'config.json');
  if (config === undefined) refuse('CONFIG_MISSING', 'There is no config.json beside the safetensors files');
  return repositoryFacts(shards, {
    config,
    generationConfig: await textOf(files, 'generation_config.json'),
    tokenizerConfig: await textOf(files, 'tokenizer_config.json'),
    chatTemplate: await textOf(files, 'chat_template.jinja'),
    readme: await textOf(files, 'README.md'),
  });
}

function refuseByName(path: string): void {
  if (/\.(bin|ckpt|pickle|pkl|pt|pth)$/i.test(path))
    refuse('FORMAT_PICKLE', `${path} is named as a pickle is`, { path });
  if (/\.(dll|exe|py|pyc|sh|so)$/i.test(path)) refuse('FORMAT_NOT_WEIGHTS', `${path} is code`, { path });
}

async function commonFormat(weights: readonly ModelFile[]): Promise<WeightFormat> {
  const formats = new Set<WeightFormat>();
  for (const { source } of weights) formats.add(await detectFormat(source));
  const [format] = formats;
  if (format === undefined) refuse('FORMAT_NO_WEIGHTS', 'No file holds weights');
  if (formats.size > 1) refuse('FORMAT_MIXED', 'Some files are GGUF and others safetensors');
  return format;
}

/** One after the other: the memory of one reader at a time. */
async function readAll<T>(files: readonly ModelFile[], read: (source: ByteSource) => Promise<T>): Promise<T[]> {
  const headers: T[] = [];
  for (const { source } of files) headers.push(await read(source));
  return headers;
}

async function textOf(files: readonly ModelFile[], path: string): Promise<string | undefined> {
  const source = files.find((file) => file.path === path)?.source;
  if (source === undefined) return undefined;
  if (source.size > MAX_TEXT_BYTES) refuse('CONFIG_TOO_LARGE', `${path} has ${source.size} bytes`, { path });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for (let at = 0; at < source.size; at += MAX_READ_BYTES) {
      text += decoder.decode(await source.read(at, Math.min(MAX_READ_BYTES, source.size - at)), { stream: true });
    }
    return text + decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return refuse('CONFIG_JSON', `${path} is not UTF-8`, { path });
  }
}
