import type { ModelFacts } from '../model-facts.ts';
import { quoted, refuse } from '../rules.ts';
import type { SafetensorsHeader } from '../safetensors/read-safetensors.ts';
import { readHuggingFaceConfig, tokenIds } from './config-facts.ts';
import { JsonObject } from './json-object.ts';

/** The texts of the files beside the weights; only config.json must be there. */
export interface RepositoryTexts {
  readonly config: string;
  readonly generationConfig?: string | undefined;
  readonly tokenizerConfig?: string | undefined;
  readonly chatTemplate?: string | undefined;
  readonly readme?: string | undefined;
}

/** Facts of a Hugging Face repository: sizes from the headers of all shards, the shape of the model from its texts. */
export function repositoryFacts(shards: readonly SafetensorsHeader[], texts: RepositoryTexts): ModelFacts {
  const config = readHuggingFaceConfig(texts.config);
  const tensors = joinShards(shards);
  const generation = optional('generation_config.json', texts.generationConfig);
  const ends = tokenIds(generation?.raw('eos_token_id'));
  return {
    ...config,
    format: 'safetensors',
    name: JsonObject.parse('config.json', texts.config).text('_name_or_path'),
    licence: /^---\n(?:.*\n)*?license: *['"]?([^\s'"]+)/.exec(texts.readme ?? '')?.[1] ?? null,
    quantisation: config.quantisation ?? mostUsedDtype(tensors),
    fileType: null,
    weightBytes: tensors.reduce((sum, tensor) => sum + tensor.bytes, 0),
    parameterCount: tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
    chatTemplate: texts.chatTemplate ?? templateOf(optional('tokenizer_config.json', texts.tokenizerConfig)),
    eosTokenIds: ends.length > 0 ? ends : config.eosTokenIds,
  };
}

function joinShards(shards: readonly SafetensorsHeader[]): SafetensorsHeader['tensors'] {
  const tensors = shards.flatMap((shard) => shard.tensors);
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) refuse('SAFETENSORS_SHARD', `Tensor ${quoted(name)} is in two shards`, { tensor: name });
    names.add(name);
  }
  return tensors;
}

function optional(path: string, text: string | undefined): JsonObject | null {
  return text === undefined ? null : JsonObject.parse(path, text);
}

/** One template, or a list of named ones of which `default` is the one for chat. */
function templateOf(config: JsonObject | null): string | null {
  const template = config?.raw('chat_template') ?? null;
  if (!Array.isArray(template)) return config?.text('chat_template') ?? null;
  const named = template.map((entry) => new JsonObject('tokenizer_config.json: chat_template', entry));
  return named.find((entry) => entry.text('name') === 'default')?.text('template') ?? null;
}

function mostUsedDtype(tensors: SafetensorsHeader['tensors']): string {
  const bytes = new Map<string, number>();
  for (const tensor of tensors) bytes.set(tensor.dtype, (bytes.get(tensor.dtype) ?? 0) + tensor.bytes);
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'unknown';
}
