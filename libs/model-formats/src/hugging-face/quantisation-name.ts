import type { JsonObject } from './json-object.ts';

/**
 * The name of a `quantization_config`: `w8a8` where it tells the bits of weights and activations, else the method
 * and its bits. Null without one.
 */
export function quantisationName(config: JsonObject | null): string | null {
  if (config === null) return null;
  const group = config.object('config_groups')?.object('group_0');
  const weightBits = bitsOf(group, 'weights');
  if (weightBits !== null) return `w${weightBits}a${bitsOf(group, 'input_activations') ?? 16}`;
  const method = config.text('quant_method') ?? 'quantised';
  const bits = config.count('bits');
  return bits === null ? method : `${method}-${bits}bit`;
}

function bitsOf(group: JsonObject | null | undefined, what: string): number | null {
  return group?.object(what)?.count('num_bits') ?? null;
}
