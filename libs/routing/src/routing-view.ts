import { DomainError } from '@ostro/kernel';
import { PrefixIndex } from './belief/prefix-index.ts';
import { adapterBlock, fnv1a, sessionBlock } from './belief/sticky.ts';
import { checkReplica, type Replica, type Standing, standingOf } from './replica.ts';
import type { BlockHashes, RoutingRequest } from './request.ts';
import { idleOf } from './scorers/fewest-running.ts';
import { headroomOf } from './scorers/headroom.ts';

export interface RoutingViewOptions {
  /** Tokens of a full block, such as 16, or an estimate where blocks are cut from text. */
  readonly blockTokens: number;
}

/** Which of how many gateways this is, in an order that all of them know. */
export interface GatewayPlace {
  readonly at: number;
  readonly count: number;
}

/** Slots are 16-bit. */
const MOST_REPLICAS = 65_535;
/** Weights and scores are at most 1000, and scorers few. */
const BEHIND: Readonly<Record<Standing, number>> = { open: 0, full: 2 ** 30, avoided: 2 ** 31 };
const ALONE: GatewayPlace = { at: 0, count: 1 };

/**
 * What one gateway knows of the replicas of one deployment: their last reports, what it has sent them itself, and what
 * it therefore believes they have cached. Mutable, and bounded by the caches of the replicas: see `PrefixIndex`.
 * Everything is counted in tokens, so that no clock is needed.
 */
export class RoutingView {
  readonly blockTokens: number;
  readonly index = new PrefixIndex();
  gateway: GatewayPlace = ALONE;
  /** By slot; a slot keeps its replica as long as that is there. */
  readonly replicas: (Replica | undefined)[] = [];
  /** Uncached prompt tokens sent to each slot so far, by all gateways as far as known. */
  readonly work: number[] = [];
  /** Those that are taken. */
  slots: readonly number[] = [];
  /** By slot: 32 bits of its id. */
  readonly idHashes: number[] = [];
  /** By slot: its place in the order of ids, by which ties are decided. */
  readonly idOrder: number[] = [];
  /** By slot, of its last report: see the scorer of that name. */
  readonly headroom: number[] = [];
  /** By slot, of its last report: the score of `fewest-running`. */
  readonly idle: number[] = [];
  /** By slot. */
  readonly standings: Standing[] = [];
  /** By slot: what a standing takes off the total, so that the next one comes behind whatever it scores. */
  readonly behind: number[] = [];
  readonly #slotOf = new Map<string, number>();
  /** What `work` counts beyond what others sent, by slot. */
  readonly #own: number[] = [];

  constructor({ blockTokens }: RoutingViewOptions) {
    if (!Number.isInteger(blockTokens) || blockTokens < 1) {
      throw invalid('blockTokens', `must be a whole number of tokens, at least 1, not ${blockTokens}`);
    }
    this.blockTokens = blockTokens;
  }

  /**
   * The replicas as they are now, whole: who is missing is forgotten, who is new starts with an empty cache and with
   * the work of the average replica, so that it is not flooded until it has caught up.
   * @throws DomainError INVALID_ARGUMENT: INVALID_REPLICA for a number that makes no sense or an id given twice.
   */
  observe(replicas: readonly Replica[], gateway: GatewayPlace = ALONE): void {
    const byId = new Map(replicas.map((replica) => [replica.replicaId, replica]));
    if (byId.size < replicas.length) throw invalid('replicas', 'names a replica twice; give each once');
    if (replicas.length > MOST_REPLICAS)
      throw invalid('replicas', `has more than ${MOST_REPLICAS}; split the deployment`);
    replicas.forEach(checkReplica);
    this.gateway = gateway;
    this.#leave((replicaId) => !byId.has(replicaId));
    for (const [replicaId, slot] of this.#slotOf) this.#take(slot, byId.get(replicaId)!);
    const mean = this.#meanWork();
    for (const replica of replicas) if (!this.#slotOf.has(replica.replicaId)) this.#join(replica, mean);
    this.slots = [...this.#slotOf.values()].sort((a, b) => a - b);
    [...this.#slotOf.keys()].sort().forEach((replicaId, order) => (this.idOrder[this.#slotOf.get(replicaId)!] = order));
  }

  /** News of one replica that is known; of others nothing is taken. */
  report(replica: Replica): void {
    checkReplica(replica);
    const slot = this.#slotOf.get(replica.replicaId);
    if (slot !== undefined) this.#take(slot, replica);
  }

  /** This gateway has sent the request there. @returns the input tokens that it believes were cached there before. */
  assign(request: RoutingRequest, replicaId: string): number {
    const slot = this.#slotOf.get(replicaId);
    if (slot === undefined) throw invalid('replicaId', `${replicaId} is not among the replicas observed last`);
    const { blocks, inputTokens } = request;
    const [session, adapter] = [sessionBlock(request), adapterBlock(request)];
    const cachedTokens = Math.min(this.index.insert(blocks, slot) * this.blockTokens, inputTokens);
    this.index.insert(session, slot);
    this.index.insert(adapter, slot);
    this.index.count(blocks, session, adapter);
    this.#own[slot]! += inputTokens - cachedTokens;
    this.work[slot]! += inputTokens - cachedTokens;
    return cachedTokens;
  }

  /** What another gateway, or the replica itself, says of its cache. Of a replica that is unknown here it says nothing. */
  learn(blocks: BlockHashes, replicaId: string): void {
    const slot = this.#slotOf.get(replicaId);
    if (slot !== undefined) this.index.insert(blocks, slot);
  }

  #leave(hasLeft: (replicaId: string) => boolean): void {
    for (const [replicaId, slot] of this.#slotOf) {
      if (!hasLeft(replicaId)) continue;
      this.#slotOf.delete(replicaId);
      this.replicas[slot] = undefined;
      this.index.setCapacity(slot, 0);
    }
  }

  #join(replica: Replica, work: number): void {
    const free = this.replicas.indexOf(undefined);
    const slot = free === -1 ? this.replicas.length : free;
    this.#slotOf.set(replica.replicaId, slot);
    this.idHashes[slot] = fnv1a(replica.replicaId);
    this.#own[slot] = work - replica.prefillTokensElsewhere;
    this.#take(slot, replica);
  }

  #take(slot: number, replica: Replica): void {
    this.replicas[slot] = replica;
    this.standings[slot] = standingOf(replica);
    this.behind[slot] = BEHIND[this.standings[slot]];
    this.headroom[slot] = headroomOf(replica);
    this.idle[slot] = idleOf(replica);
    this.work[slot] = this.#own[slot]! + replica.prefillTokensElsewhere;
    this.index.setCapacity(slot, Math.floor(replica.cacheTokens / this.blockTokens));
  }

  #meanWork(): number {
    const { size } = this.#slotOf;
    let sum = 0;
    for (const slot of this.#slotOf.values()) sum += this.work[slot]!;
    return size === 0 ? 0 : Math.floor(sum / size);
  }
}

function invalid(field: string, problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_REPLICA', `routing view: ${field} ${problem}`, {
    details: { field },
  });
}
