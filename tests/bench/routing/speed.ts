import {
  ANYWHERE,
  blockHashes,
  decide,
  DEFAULT_PROFILE,
  type Replica,
  route,
  type RoutingRequest,
  RoutingView,
} from '@ostro/routing';
import { measureCpu } from '../cpu-time.ts';
import { mixed } from './trace.ts';

export interface Speed {
  readonly replicas: number;
  readonly blocksPerPrompt: number;
  readonly decisions: number;
  /** CPU of choosing a replica, with its explanation, and of choosing one and noting the choice. */
  readonly routeMicros: number;
  readonly decideMicros: number;
  readonly routeAndAssignMicros: number;
  /** Of the index, per block believed held. */
  readonly bytesPerBlock: number;
}

const REPLICAS = 1_000;
const BLOCKS = 256;
const BLOCK_TOKENS = 16;
const CACHE_BLOCKS = 2_000;
const COMMON_BLOCKS = 32;
const WARM_UP = 12_000;
const DECISIONS = 20_000;
/** Requests later, a conversation's next turn comes. */
const TURN_AFTER = 4_000;

/**
 * CPU time of a decision among a thousand replicas that hold what their caches hold: prompts of 256 blocks, the first
 * 32 shared by a tenth of them, every other one the next turn of a conversation.
 */
export function measureSpeed(): Speed {
  const view = new RoutingView({ blockTokens: BLOCK_TOKENS });
  view.observe(Array.from({ length: REPLICAS }, (_, number) => replica(number)));
  for (let at = 0; at < WARM_UP; at += 1) step(view, requestAt(at));
  const requests = Array.from({ length: DECISIONS }, (_, at) => requestAt(WARM_UP + at));
  const bytesPerBlock = view.index.bytes / heldBlocks(view);
  const microsOfEach = (decideOne: (request: RoutingRequest) => unknown): number =>
    measureCpu(() => requests.forEach(decideOne)).cpuMicros / DECISIONS;
  return {
    replicas: REPLICAS,
    blocksPerPrompt: BLOCKS,
    decisions: DECISIONS,
    routeMicros: microsOfEach((request) => route(request, view, DEFAULT_PROFILE)),
    decideMicros: microsOfEach((request) => decide(request, view, DEFAULT_PROFILE)),
    routeAndAssignMicros: microsOfEach((request) => step(view, request)),
    bytesPerBlock,
  };
}

function step(view: RoutingView, request: RoutingRequest): void {
  view.assign(request, route(request, view, DEFAULT_PROFILE)[0]!.replicaId);
}

function requestAt(at: number): RoutingRequest {
  // Even requests open a conversation of 250 blocks, odd ones bring the next turn of an older one.
  const isNextTurn = at % 2 === 1 && at > TURN_AFTER;
  const conversation = isNextTurn ? at - TURN_AFTER - 1 : at;
  const ids = Array.from({ length: isNextTurn ? BLOCKS : BLOCKS - 6 }, (_, block) =>
    block < COMMON_BLOCKS ? mixed(block + 1_000 * (mixed(conversation) % 10)) : (conversation + 1) * 1_000 + block,
  );
  return {
    organizationId: 'org_speed',
    blocks: blockHashes(ids),
    inputTokens: BLOCKS * BLOCK_TOKENS,
    residency: ANYWHERE,
  };
}

function heldBlocks(view: RoutingView): number {
  return view.replicas.reduce((sum, _replica, slot) => sum + view.index.held(slot), 0);
}

function replica(number: number): Replica {
  return {
    replicaId: `rep_${number}`,
    country: 'FR',
    operator: 'ostro',
    certifications: [],
    isHealthy: true,
    isAvoided: false,
    concurrency: 256,
    running: 8,
    queuedPrefillTokens: 0,
    kvUsedMilli: 300,
    cacheTokens: CACHE_BLOCKS * BLOCK_TOKENS,
    adapters: [],
    prefillTokensElsewhere: 0,
  };
}
