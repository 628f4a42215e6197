import { ANYWHERE, blockHashes, type Profile, type Replica, route, RoutingView } from '@ostro/routing';
import type { NodeSnapshot } from '@ostro/placement';
import type { SimulatedRequest } from '../scenario.ts';
import type { SimulatedReplica } from './replica.ts';

/** Which of the ready replicas with room takes a request; undefined when none has room. */
export interface Router {
  choose(request: SimulatedRequest, ready: readonly SimulatedReplica[], nowMs: number): SimulatedReplica | undefined;
}

/**
 * For work without a prompt: the most recently used replica with room, so that the others grow idle together and can be
 * given up.
 */
export class LastUsedRouter implements Router {
  readonly #concurrency: number;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  choose(_request: SimulatedRequest, ready: readonly SimulatedReplica[]): SimulatedReplica | undefined {
    return ready.reduce<SimulatedReplica | undefined>(
      (best, each) =>
        each.inFlight < this.#concurrency && (best === undefined || each.usedMs > best.usedMs) ? each : best,
      undefined,
    );
  }
}

/** How old a gateway's view of its replicas grows. */
const REPORT_EVERY_MS = 5000;
const MAX_CONCURRENCY = 1_000_000;

/** The gateway's own decision: `route` of libs/routing over a view that is up to 5 s old. */
export class GatewayRouter implements Router {
  readonly #profile: Profile;
  readonly #concurrency: number;
  readonly #nodeOf: (nodeId: string) => NodeSnapshot | undefined;
  readonly #view: RoutingView;
  #observedMs = -Infinity;
  #observed: readonly SimulatedReplica[] = [];
  #organizationId: string;

  constructor(
    profile: Profile,
    options: { concurrency: number; blockTokens: number; organizationId: string },
    nodeOf: (nodeId: string) => NodeSnapshot | undefined,
  ) {
    this.#profile = profile;
    this.#concurrency = Math.min(options.concurrency, MAX_CONCURRENCY);
    this.#organizationId = options.organizationId;
    this.#nodeOf = nodeOf;
    this.#view = new RoutingView({ blockTokens: options.blockTokens });
  }

  choose(request: SimulatedRequest, ready: readonly SimulatedReplica[], nowMs: number): SimulatedReplica | undefined {
    const isNewSet = ready.length !== this.#observed.length || ready.some((each, at) => each !== this.#observed[at]);
    if (isNewSet || nowMs >= this.#observedMs + REPORT_EVERY_MS) this.#observe(ready, nowMs);
    const asked = {
      organizationId: this.#organizationId,
      blocks: blockHashes(request.prefixBlocks ?? []),
      inputTokens: request.inputTokens,
      residency: ANYWHERE,
      ...(request.session === undefined ? {} : { sessionHash: hashOf(request.session) }),
    };
    for (const { replicaId } of route(asked, this.#view, this.#profile)) {
      const replica = ready.find(({ id }) => id === replicaId)!;
      // The agent of a full replica answers `busy`, and the gateway asks the next.
      if (replica.inFlight >= this.#concurrency) continue;
      this.#view.assign(asked, replicaId);
      return replica;
    }
    return undefined;
  }

  #observe(ready: readonly SimulatedReplica[], nowMs: number): void {
    this.#observedMs = nowMs;
    this.#observed = ready;
    this.#view.observe(ready.map((replica) => this.#report(replica)));
  }

  #report({ id, nodeId, engine }: SimulatedReplica): Replica {
    const node = this.#nodeOf(nodeId);
    const { running, waiting, queuedPrefillTokens, kvUsedMilli } = engine.load();
    return {
      replicaId: id,
      country: node?.country ?? '',
      operator: node?.operator ?? '',
      certifications: node?.certifications ?? [],
      isHealthy: true,
      isAvoided: false,
      concurrency: this.#concurrency,
      running: running + waiting,
      queuedPrefillTokens,
      kvUsedMilli,
      cacheTokens: engine.cacheTokens,
      adapters: [],
      prefillTokensElsewhere: 0,
    };
  }
}

/** FNV-1a over code units: a session's name as the 32-bit number that routing asks for. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}
