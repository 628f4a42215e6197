import { type NodeSnapshot, placeableAccelerators } from '../cluster/node.ts';
import type { Demand, DemandMix } from './demand-mix.ts';

/** All accelerators of one model. */
export interface ModelCapacity {
  readonly accelerators: number;
  readonly memoryBytes: number;
}

/** Price of a model as crowded as it can serve: 0.3 of an accelerator for each. */
const PRICE_AT_FULL_LOAD = 0.3;
/** Dearer than this would drown every other difference. */
const MOST_LOAD = 1.5;

/**
 * What an accelerator of each model is worth beyond its size, because some requests can run on no other:
 *
 *     load(model)  = sum over demands that allow it and not all: accelerators they would take, were the cluster full,
 *                    / accelerators of all the models they allow
 *     price(model) = 0.3 x load^2, up to a load of 1.5
 *
 * Intent: who can run anywhere should leave room on the models that others depend on, the more so the more they are
 * crowded; squared, because a model asked for half as much as it has will hardly run out. Source: the prices of a fluid
 * linear program of demand against capacity, of which only the scarcity of models proved to matter; spread evenly over
 * what each demand allows, it needs no program.
 */
export function modelPrices(mix: DemandMix, capacity: ReadonlyMap<string, ModelCapacity>): ReadonlyMap<string, number> {
  const total = sumOf(capacity.keys(), capacity);
  const demands = mix.map((demand) => {
    const allowed = demand.models.length === 0 ? total : sumOf(demand.models, capacity);
    return { demand, allowed, wanted: wantedOf(demand, allowed) };
  });
  const allWanted = demands.reduce((sum, { wanted }) => sum + wanted, 0);
  const prices = new Map<string, number>();
  for (const model of capacity.keys()) {
    let load = 0;
    for (const { demand, allowed, wanted } of demands) {
      if (allowed.accelerators === total.accelerators || !demand.models.includes(model)) continue;
      load += ((wanted / allWanted) * total.accelerators) / allowed.accelerators;
    }
    const felt = Math.min(MOST_LOAD, load);
    prices.set(model, PRICE_AT_FULL_LOAD * felt * felt);
  }
  return prices;
}

/** Accelerators; none where the cluster has none of the models. */
function wantedOf({ arrivals, count, memoryBytesEach, exclusive }: Demand, allowed: ModelCapacity): number {
  if (allowed.accelerators === 0) return 0;
  const share = (memoryBytesEach * allowed.accelerators) / allowed.memoryBytes;
  return arrivals * count * (exclusive ? 1 : Math.min(1, share));
}

export function sumOf(models: Iterable<string>, capacity: ReadonlyMap<string, ModelCapacity>): ModelCapacity {
  let accelerators = 0;
  let memoryBytes = 0;
  for (const model of models) {
    accelerators += capacity.get(model)?.accelerators ?? 0;
    memoryBytes += capacity.get(model)?.memoryBytes ?? 0;
  }
  return { accelerators, memoryBytes };
}

export function capacityOf(nodes: readonly NodeSnapshot[]): ReadonlyMap<string, ModelCapacity> {
  const capacity = new Map<string, ModelCapacity>();
  for (const node of nodes) {
    for (const { model, memoryBytes } of placeableAccelerators(node)) {
      const known = capacity.get(model);
      capacity.set(model, {
        accelerators: (known?.accelerators ?? 0) + 1,
        memoryBytes: (known?.memoryBytes ?? 0) + memoryBytes,
      });
    }
  }
  return capacity;
}
