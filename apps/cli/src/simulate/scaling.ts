import type { LoadTimes } from '@ostro/simulator';
import type { ModelDocument, PolicyDocument } from './policy-document.ts';

/**
 * The scaling policy of one model as @ostro/autoscaling reads it: its own fields before those for all models. Unless
 * tiers are named, waking takes what the model's load takes, and VRAM costs what the nodes cost.
 */
export function scalingOf(document: PolicyDocument, model: ModelDocument): object {
  return { tiers: tiersOf(document, model), ...document.autoscaling, ...model.autoscaling };
}

function tiersOf({ cluster }: PolicyDocument, model: ModelDocument): object[] {
  const { noneMs, diskMs } = loadTimes(model);
  const nodes = cluster.nodes.find((each) => each.model === model.accelerators.model)!;
  const eurosPerHour = (Number(nodes.pricePerHour) * (model.accelerators.count ?? 1)) / nodes.accelerators;
  const disk = { name: 'disk', wakeMs: diskMs, eurosPerHour: 0 };
  return [
    { name: 'vram', wakeMs: 0, eurosPerHour },
    ...(model.load.diskSeconds === undefined ? [] : [disk]),
    { name: 'none', wakeMs: noneMs, eurosPerHour: 0 },
  ];
}

/** A tier that the model's entry is silent about loads as the slower one behind it. */
export function loadTimes({ load }: ModelDocument): LoadTimes {
  const { noneSeconds, diskSeconds = noneSeconds, hostRamSeconds = diskSeconds } = load;
  return {
    noneMs: Math.round(noneSeconds * 1_000),
    diskMs: Math.round(diskSeconds * 1_000),
    hostRamMs: Math.round(hostRamSeconds * 1_000),
  };
}
