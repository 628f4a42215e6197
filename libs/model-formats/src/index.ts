export { type ByteSource, bytesSource, MAX_READ_BYTES } from './byte-source.ts';
export { detectFormat, type WeightFormat } from './detect-format.ts';
export { type GgufHeader, readGgufHeader } from './gguf/read-gguf.ts';
export type { GgufMetadata, GgufScalar, GgufValue } from './gguf/gguf-metadata.ts';
export type { GgufTensor } from './gguf/gguf-tensors.ts';
export {
  type Landmarks,
  type WritableGguf,
  type WritableTensor,
  type WritableValue,
  writeGguf,
  type WrittenGguf,
} from './gguf/write-gguf.ts';
export { type ConfigFacts, readHuggingFaceConfig } from './hugging-face/config-facts.ts';
export type { LatentAttention, ModelFacts, SlidingWindow } from './model-facts.ts';
export { type ModelFile, readFacts } from './read-facts.ts';
export { type Rule, RULES } from './rules.ts';
export { readSafetensorsHeader, type SafetensorsHeader } from './safetensors/read-safetensors.ts';
export type { SafetensorsTensor } from './safetensors/safetensors-tensors.ts';
export { type WritableSafetensor, writeSafetensors } from './safetensors/write-safetensors.ts';
export { tinyGguf, tinyModel, type TinyModelOptions } from './tiny-model/tiny-model.ts';
