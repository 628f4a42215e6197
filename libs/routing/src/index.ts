export {
  ENGINE_VERSION,
  type Explanation,
  type RankedReplica,
  type Rejection,
  type RoutingDecision,
  type StageScore,
} from './decision.ts';
export { explain } from './explain.ts';
export { residencyAllows } from './filters/residency-allowed.ts';
export {
  DEFAULT_PROFILE,
  parseProfile,
  type Profile,
  SEPARATE_GATEWAYS_PROFILE,
  type WeightedScorer,
} from './profile.ts';
export type { Replica, Standing } from './replica.ts';
export { ANYWHERE, type BlockHashes, blockHashes, type Residency, type RoutingRequest } from './request.ts';
export { decide, route } from './route.ts';
export { type GatewayPlace, RoutingView, type RoutingViewOptions } from './routing-view.ts';
export type { Filter, Scorer } from './stages.ts';
