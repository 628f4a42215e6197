export { apply } from './cluster/apply.ts';
export { release } from './cluster/release.ts';
export { checkNode } from './cluster/check-node.ts';
export { ClusterSnapshot, type ScoringContext } from './cluster/cluster-snapshot.ts';
export {
  type AcceleratorSnapshot,
  type Amount,
  type CachedModelDigests,
  CPU_MODEL,
  type Holding,
  type MigSlice,
  type NodeSnapshot,
  type NodeState,
  placeableAccelerators,
  type ReplicaOnNode,
  type Taint,
} from './cluster/node.ts';
export {
  type Decision,
  ENGINE_VERSION,
  type Explanation,
  type Member,
  type Nearest,
  type Placement,
  type RankedCandidate,
  type Rejection,
  type Unschedulable,
  type Victim,
} from './decision.ts';
export { explain } from './explain.ts';
export { place } from './place.ts';
export { DEFAULT_PROFILE, parseProfile, type Profile, type WeightedScorer } from './profile.ts';
export type { AcceleratorRequest, Gang, PlacementRequest, RequestShape, Residency, Toleration } from './request.ts';
export type { Candidate, Filter, Refusal, Scorer } from './stages.ts';
export { kvBudget, type KvBudget } from './vram/kv-budget.ts';
export type { ModelFactsLike } from './vram/model-facts.ts';
export type { Device, RuntimeKind } from './vram/overheads.ts';
export { type LearnedVram, type VramNeed, vramNeed, type VramNeedInput } from './vram/vram-need.ts';
export { type Demand, DemandEstimator, type DemandMix } from './fragmentation/demand-mix.ts';
export { type Valuation, valuationOf } from './fragmentation/valuation.ts';
export type { DefragmentationBudget } from './defragment/budget.ts';
export { carryOut, type Move } from './defragment/move.ts';
export type { Admitted } from './defragment/make-room.ts';
export { type DefragmentationExplanation, type DefragmentationPlan, plan } from './defragment/plan.ts';
