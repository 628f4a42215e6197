import {
  apply,
  ClusterSnapshot,
  DEFAULT_PROFILE,
  DemandEstimator,
  type NodeSnapshot,
  parseProfile,
  place,
  type Placement,
  type PlacementRequest,
  type Profile,
  valuationOf,
} from '@ostro/placement';
import type { OpenbNode, OpenbTask } from '@ostro/traces';
import { emptyNode } from '../empty-node.ts';
import type { Placer } from './allocation.ts';
import type { Cluster } from './openb.ts';

const MIB = 2 ** 20;
/** An accelerator's memory is its 1000 milli: the trace says nothing else of it. */
const ACCELERATOR_UNITS = 1000;
const ORGANIZATION = 'org_openb';
const DEPLOYMENT = 'dep_openb';

/** All filters, and the one scorer that the trace has data for. */
export const FRAGMENTATION_ALONE: Profile = parseProfile({
  name: 'fragmentation-alone',
  filters: DEFAULT_PROFILE.filters.map(({ name }) => name),
  scorers: [{ name: 'least-fragmentation', weight: 1 }],
});

/** The library's own `place` and `apply`, with the demand estimated from what has arrived so far. */
export class OstroPlacer implements Placer {
  #snapshot: ClusterSnapshot;
  readonly #estimator = new DemandEstimator();
  readonly #onPlacement: ((placement: Placement) => void) | undefined;
  #arrived = 0;

  constructor({ nodes }: Cluster, onPlacement?: (placement: Placement) => void) {
    this.#snapshot = ClusterSnapshot.of({ generation: { epoch: 1n, generation: 1n }, nodes: nodes.map(asSnapshot) });
    this.#onPlacement = onPlacement;
  }

  get snapshot(): ClusterSnapshot {
    return this.#snapshot;
  }

  place(task: OpenbTask): boolean {
    this.#arrived += 1;
    const request = asRequest(task, this.#arrived);
    const mix = this.#estimator.observe(request);
    if (mix !== undefined) this.#snapshot = this.#snapshot.withValuation(valuationOf(this.#snapshot.nodes, mix));
    const decision = place(request, this.#snapshot, FRAGMENTATION_ALONE, 0);
    if (decision.kind !== 'placement') return false;
    this.#snapshot = apply(this.#snapshot, decision);
    this.#onPlacement?.(decision);
    return true;
  }
}

/** Ids in file order: among equals the first is taken, as in the published runs. */
function asSnapshot({ nodeId, cpuMilli, memoryMib, gpus, model }: OpenbNode, at: number): NodeSnapshot {
  return emptyNode(
    {
      nodeId: `nod_${String(at).padStart(6, '0')}`,
      siteId: 'openb',
      country: 'FR',
      operator: 'openb',
      cpuMilli,
      hostMemoryBytes: memoryMib * MIB,
    },
    { model: model ?? '', count: gpus, memoryBytes: ACCELERATOR_UNITS },
    { labels: { name: nodeId } },
  );
}

export function asRequest(
  { cpuMilli, memoryMib, gpus, gpuMilli, models }: OpenbTask,
  number: number,
): PlacementRequest {
  return {
    replicaId: `rep_${number}`,
    organizationId: ORGANIZATION,
    deploymentId: DEPLOYMENT,
    modelDigest: '',
    accelerator: { models, count: gpus, memoryBytesEach: gpuMilli, exclusive: false },
    cpuMilli,
    hostMemoryBytes: memoryMib * MIB,
    residency: { countries: [], operators: [], certifications: [] },
    tolerations: [],
    antiAffinity: 'none',
  };
}
