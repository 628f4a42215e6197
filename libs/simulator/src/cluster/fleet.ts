import type { Id } from '@ostro/kernel';
import {
  apply,
  ClusterSnapshot,
  explain,
  type NodeSnapshot,
  place,
  placeableAccelerators,
  type Profile,
  release,
} from '@ostro/placement';
import type { SimulatedPlacement } from '../scenario.ts';
import type { Deployment } from './deployment.ts';
import { type LoadTier, WeightTiers } from './weight-tiers.ts';

const ANY_RESIDENCY = { countries: [], operators: [], certifications: [] };
const ORGANIZATION: Id<'org'> = 'org_simulated';

export interface Placed {
  readonly id: Id<'rep'>;
  readonly nodeId: Id<'nod'>;
  readonly tier: LoadTier;
  readonly accelerators: number;
  readonly milliEuroPerHour: number;
}

/** The nodes and what is placed on them, decided by `place` of libs/placement and nothing else. */
export class Fleet {
  readonly #profile: Profile;
  readonly #seed: number;
  readonly #tiers = new WeightTiers();
  #snapshot: ClusterSnapshot;
  #started = 0;
  /** Counts what became free, so that who was refused tries again. */
  releases = 0;

  constructor(nodes: readonly NodeSnapshot[], profile: Profile, seed: number) {
    this.#snapshot = ClusterSnapshot.of({ generation: { epoch: 0n, generation: 0n }, nodes });
    this.#profile = profile;
    this.#seed = seed;
  }

  node(nodeId: string): NodeSnapshot | undefined {
    return this.#snapshot.node(nodeId);
  }

  /** A place for one more replica, taken; or why there is none. */
  start({ id: deploymentId, spec: { placement }, digest }: Deployment): Placed | { readonly refusal: () => string } {
    const id: Id<'rep'> = `rep_${String(this.#started + 1).padStart(9, '0')}`;
    const { accelerator } = placement;
    const request = { ...withDefaults(placement), accelerator, replicaId: id, deploymentId, modelDigest: digest };
    const decision = place(request, this.#snapshot, this.#profile, this.#seed);
    if (decision.kind === 'unschedulable') return { refusal: () => explain(decision) };
    this.#started += 1;
    const { nodeId, acceleratorIds } = decision;
    const node = this.#snapshot.node(nodeId)!;
    const tier = this.#tiers.tierOf(node, digest);
    this.#snapshot = apply(this.#snapshot, decision);
    const accelerators = held(node, acceleratorIds, placement);
    const onNode = Math.max(1, node.accelerators.length);
    return {
      id,
      nodeId,
      tier,
      accelerators,
      milliEuroPerHour: ((node.pricePerHourMilliEuro ?? 0) * accelerators) / onNode,
    };
  }

  /** Its weights are in VRAM now, and on the node's disk. */
  loaded(nodeId: string, digest: string): void {
    this.#snapshot = this.#tiers.loaded(this.#snapshot, nodeId, digest);
  }

  stop(
    replica: { readonly id: Id<'rep'>; readonly nodeId: string; readonly deployment: Deployment },
    keepInHostRam: boolean,
  ): void {
    const { id, nodeId, deployment } = replica;
    this.#snapshot = release(this.#snapshot, nodeId, id);
    this.releases += 1;
    if (!keepInHostRam) return;
    const { memoryBytesEach, count } = deployment.spec.placement.accelerator;
    this.#snapshot = this.#tiers.slept(this.#snapshot, nodeId, {
      digest: deployment.digest,
      bytes: memoryBytesEach * count,
    });
  }
}

export function organizationOf(placement: SimulatedPlacement): Id<'org'> {
  return placement.organizationId ?? ORGANIZATION;
}

function withDefaults(placement: SimulatedPlacement) {
  return {
    organizationId: organizationOf(placement),
    cpuMilli: placement.cpuMilli ?? 0,
    hostMemoryBytes: placement.hostMemoryBytes ?? 0,
    residency: placement.residency ?? ANY_RESIDENCY,
    tolerations: placement.tolerations ?? [],
    antiAffinity: placement.antiAffinity ?? 'none',
  };
}

/** A whole accelerator counts one; a share of its memory counts that share. */
function held(node: NodeSnapshot, ids: readonly string[], { accelerator }: SimulatedPlacement): number {
  if (accelerator.exclusive) return ids.length;
  const chosen = placeableAccelerators(node).filter(({ acceleratorId }) => ids.includes(acceleratorId));
  return chosen.reduce((sum, { memoryBytes }) => sum + accelerator.memoryBytesEach / memoryBytes, 0);
}
