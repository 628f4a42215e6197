const SPLIT = /-([0-9]{5})-of-([0-9]{5})(\.gguf|\.safetensors)$/;
const INDEX = /\.safetensors\.index\.json$/;

/** What stands beside safetensors and belongs to the model, where a repository has it. */
const COMPANIONS = [
  'README.md',
  'chat_template.jinja',
  'config.json',
  'generation_config.json',
  'merges.txt',
  'model.safetensors.index.json',
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'vocab.json',
];

/** Whether a file lists the shards of a model instead of being one. */
export function isIndex(file: string): boolean {
  return INDEX.test(file);
}

/** All parts of a split model, whichever part was named; else the file alone. */
export function partsOf(file: string): readonly string[] {
  const match = SPLIT.exec(file);
  const count = Number(match?.[2] ?? 0);
  if (!match || count === 0) return [file];
  const stem = file.slice(0, match.index);
  const number = (part: number) => String(part).padStart(5, '0');
  return Array.from({ length: count }, (_, at) => `${stem}-${number(at + 1)}-of-${match[2]}${match[3]}`);
}

/** Files that may stand beside `file`. A GGUF file needs none. */
export function companionsOf(file: string): readonly string[] {
  if (!file.endsWith('.safetensors') && !isIndex(file)) return [];
  return COMPANIONS.map((name) => `${folderOf(file)}${name}`).filter((path) => path !== file);
}

/** The shards an index lists, as paths of the repository; undefined when it is no index. */
export function shardsIn(index: unknown, file: string): readonly string[] | undefined {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null) return undefined;
  const shards = [...new Set(Object.values(map))];
  if (shards.length === 0 || !shards.every((shard) => typeof shard === 'string')) return undefined;
  return shards.map((shard) => `${folderOf(file)}${shard}`).sort();
}

/** "" or the folder with its "/". */
export function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1);
}
