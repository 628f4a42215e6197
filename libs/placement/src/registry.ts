import { acceleratorCountInOneIsland } from './filters/accelerator-count-in-one-island.ts';
import { acceleratorModel } from './filters/accelerator-model.ts';
import { computeCapability } from './filters/compute-capability.ts';
import { cpuAndHostMemoryFit } from './filters/cpu-and-host-memory-fit.ts';
import { healthy } from './filters/healthy.ts';
import { nodeReady } from './filters/node-ready.ts';
import { oneOrganizationPerAccelerator } from './filters/one-organization-per-accelerator.ts';
import { residencyAllowed } from './filters/residency-allowed.ts';
import { runtimeAvailable } from './filters/runtime-available.ts';
import { taintsTolerated } from './filters/taints-tolerated.ts';
import { vramFits } from './filters/vram-fits.ts';
import { cost } from './scorers/cost.ts';
import { leastFragmentation } from './scorers/least-fragmentation.ts';
import { spread } from './scorers/spread.ts';
import { weightsCached } from './scorers/weights-cached.ts';
import type { Filter, Scorer } from './stages.ts';

/** Every filter a profile may name, in the default order: promises first, so that the nearest node keeps them. */
export const FILTERS: readonly Filter[] = [
  residencyAllowed,
  nodeReady,
  taintsTolerated,
  runtimeAvailable,
  healthy,
  acceleratorModel,
  computeCapability,
  cpuAndHostMemoryFit,
  oneOrganizationPerAccelerator,
  vramFits,
  acceleratorCountInOneIsland,
];

/** Every scorer a profile may name. */
export const SCORERS: readonly Scorer[] = [leastFragmentation, weightsCached, spread, cost];
