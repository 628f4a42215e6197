import type { Coefficients } from './coefficients.ts';

const START: Coefficients = {
  iterationMs: 2,
  layerMs: 0.02,
  allReduceMs: 0.008,
  sequenceMs: 0.01,
  weightBandwidth: 0.75,
  expertBandwidth: 0.6,
  kvBandwidth: 0.6,
  flops: 0.55,
  expertFlops: 0.35,
  attentionFlops: 0.4,
  linkBandwidth: 0.5,
  requestMs: 20,
  requestMsPerThousandTokens: 2,
  prefillMs: 3,
  requestSerialMs: 0.3,
  tokenSerialMs: 0.03,
  memoryShare: 0.88,
  reservedSequences: 0,
  kvElementBytes: 2,
};

export const DEFAULTS: Readonly<Record<string, Coefficients>> = { vllm: START, sglang: START, trtllm: START };

export const FITTED: Readonly<Record<string, Coefficients>> = {};

export const FITTED_ON: readonly number[] = [];
