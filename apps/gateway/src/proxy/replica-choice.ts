import {
  SEPARATE_GATEWAYS_PROFILE,
  type Replica as Candidate,
  route,
  type RoutingRequest,
  RoutingView,
} from '@ostro/routing';
import type { Replica, Target } from '../domain/route.ts';
import { BLOCK_TOKENS, type Prompt } from './prompt.ts';
import type { PromptTokens } from './prompt-tokens.ts';
import type { ReplicaLoads } from './replica-loads.ts';

/** What is to be sent somewhere. */
export interface Routed {
  readonly target: Pick<Target, 'deploymentId' | 'modelDigest' | 'contextTokens' | 'residency'>;
  readonly prompt: Prompt;
}

export interface ReplicaChoiceOptions {
  readonly loads: ReplicaLoads;
  readonly promptTokens: Pick<PromptTokens, 'believed'>;
}

/** The replicas of one deployment with the same weights, as they were told to its routing view. */
interface Known {
  readonly view: RoutingView;
  readonly contextTokens: number;
  readonly replicas: Map<string, Replica>;
  listed: readonly Replica[];
}

/** What is routed for longest ago is forgotten beyond this many. */
const MOST_VIEWS = 1_000;
/** Where the route does not say. */
const SOME_CONTEXT_TOKENS = 32_768;
const SOME_SEQUENCES = 8;
/** A cache of several 80 GB accelerators; more is not believed. */
const MOST_CACHE_TOKENS = 4_000_000;

/**
 * Which replica takes a request: see `@ostro/routing`. Gateways hear nothing of each other. What one learns is lost with
 * its process, and only costs.
 */
export class ReplicaChoice {
  readonly #options: ReplicaChoiceOptions;
  readonly #known = new Map<string, Known>();
  readonly #ofReplica = new Map<string, Known>();
  readonly #counted = new WeakSet<Routed>();

  constructor(options: ReplicaChoiceOptions) {
    this.#options = options;
    options.loads.onChange((replicaId) => this.#refresh(replicaId));
  }

  /**
   * The best one that stands where its residency allows, has room and was not tried for it before. Those that failed
   * lately come last.
   */
  pick(routed: Routed, replicas: readonly Replica[], tried: ReadonlySet<string>): Replica | undefined {
    const { loads } = this.#options;
    const known = this.#knownOf(routed, replicas);
    for (const replicaId of loads.endedAvoidance()) this.#refresh(replicaId);
    const ranked = route({ ...requestOf(routed), tried }, known.view, SEPARATE_GATEWAYS_PROFILE);
    const best = ranked.find(({ replicaId }) => !loads.isFull(known.replicas.get(replicaId)!));
    return best && known.replicas.get(best.replicaId);
  }

  /** It goes there. However often it is sent, it is counted once. */
  sent(routed: Routed, { replicaId }: Replica): void {
    const known = this.#ofReplica.get(replicaId);
    if (known === undefined) return;
    const request = requestOf(routed);
    if (this.#counted.has(routed)) return known.view.learn(request.blocks, replicaId);
    this.#counted.add(routed);
    this.#options.promptTokens.believed(request.inputTokens, known.view.assign(request, replicaId));
  }

  #knownOf({ target }: Routed, replicas: readonly Replica[]): Known {
    const name = `${target.deploymentId} ${target.modelDigest}`;
    const known = this.#known.get(name) ?? {
      view: new RoutingView({ blockTokens: BLOCK_TOKENS }),
      contextTokens: target.contextTokens || SOME_CONTEXT_TOKENS,
      replicas: new Map<string, Replica>(),
      listed: [],
    };
    this.#known.delete(name);
    this.#known.set(name, known);
    if (!isSame(known.listed, replicas)) this.#observe(known, replicas);
    for (const [oldest, { listed }] of this.#known) {
      if (this.#known.size <= MOST_VIEWS) break;
      this.#known.delete(oldest);
      for (const { replicaId } of listed) this.#ofReplica.delete(replicaId);
    }
    return known;
  }

  #observe(known: Known, replicas: readonly Replica[]): void {
    for (const { replicaId } of known.listed) this.#ofReplica.delete(replicaId);
    known.replicas.clear();
    for (const replica of replicas) {
      known.replicas.set(replica.replicaId, replica);
      this.#ofReplica.set(replica.replicaId, known);
    }
    known.listed = replicas;
    known.view.observe([...known.replicas.values()].map((replica) => this.#candidate(replica, known)));
  }

  #refresh(replicaId: string): void {
    const known = this.#ofReplica.get(replicaId);
    if (known !== undefined) known.view.report(this.#candidate(known.replicas.get(replicaId)!, known));
  }

  /**
   * No engine tells its gateways how large its cache is. Placement gives a replica KV memory for its concurrency times
   * its context, and what running sequences leave of that caches prefixes.
   */
  #candidate({ replicaId, address, concurrency, ...site }: Replica, { contextTokens }: Known): Candidate {
    const { loads } = this.#options;
    return {
      replicaId,
      country: site.country,
      operator: site.operator,
      certifications: site.certifications,
      isHealthy: address !== undefined,
      isAvoided: loads.isAvoided(replicaId),
      concurrency,
      running: loads.inFlight(replicaId),
      queuedPrefillTokens: 0,
      kvUsedMilli: 0,
      cacheTokens: Math.min(MOST_CACHE_TOKENS, contextTokens * (concurrency || SOME_SEQUENCES)),
      adapters: [],
      prefillTokensElsewhere: 0,
    };
  }
}

/** The replicas of a route are the same objects until the route changes. */
function isSame(listed: readonly Replica[], replicas: readonly Replica[]): boolean {
  return listed.length === replicas.length && replicas.every((replica, at) => replica === listed[at]);
}

/** Placement has held the replicas to the residency before: it is held to again where the prompt would leave. */
function requestOf({ target: { residency }, prompt: { sessionHash, ...prompt } }: Routed): RoutingRequest {
  return { ...prompt, residency, ...(sessionHash !== undefined && { sessionHash }) };
}
