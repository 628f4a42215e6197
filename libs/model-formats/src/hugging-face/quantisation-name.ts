import type { JsonObject } from './json-object.ts';

/**
 * The name of a `quantization_config`: `w8a8` where it tells the bits of weights and activations, else the method
 * and its bits. Null without one.
 */
export function quantisationName(config: JsonObject | null): string | null {
  if (config === null) return null;
  const group = config.object('config_groups')?.object('group_0') ?? null;
  const weightBits = group?.object('weights')?.count('num_bits') ?? null;
  if (weightBits !== null) return `w${weightBits}a${group?.object('input_activations')?.count('num_bits') ?? 16}`;
  const method = config.text('quant_method') ?? 'quantised';
  const bits = config.count('bits');
  return bits === null ? method : `${method}-${bits}bit`;
}
