export { ENGINE_MODELS, engineModel } from './engine/model-catalogue.ts';
export type { EngineModel, Experts, GroupedAttention, LatentAttention } from './engine/engine-model.ts';
export { GPU_DATA_SHEETS, type GpuDataSheet } from './engine/gpu.ts';
export type { Precision } from './engine/model-sizes.ts';
export type {
  BatchingSpec,
  EngineName,
  EngineSpec,
  FixedTimeSpec,
  LoadTimes,
  Scenario,
  SimulatedDeployment,
  SimulatedPlacement,
  SimulatedPolicy,
  SimulatedRequest,
} from './scenario.ts';
export type {
  DecisionCounts,
  DeploymentReport,
  ExplainedRefusal,
  Progress,
  RefusalReason,
  Report,
  RequestCounts,
  Series,
  Summary,
} from './report.ts';
export { EventHeap } from './cluster/event-heap.ts';
export { simulate } from './simulate.ts';
export { engineFactory, type EngineFactory } from './engine/create-engine.ts';
export { type ClosedLoop, type ClosedLoopResult, runClosedLoop } from './engine/closed-loop.ts';
export type { Coefficients } from './engine/coefficients.ts';
export { FITTED_ON } from './engine/coefficients.data.ts';
