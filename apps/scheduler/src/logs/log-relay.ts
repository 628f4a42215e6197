import type { nodeV1 } from '@ostro/contracts';
import { DomainError, type Id } from '@ostro/kernel';

export interface FollowedReplica {
  readonly id: Id<'rep'>;
  readonly nodeId: Id<'nod'>;
}

interface Follower extends FollowedReplica {
  readonly subscriptionId: string;
  readonly onLines: (lines: readonly string[]) => void;
  readonly onStop: () => void;
}

const MAX_FOLLOWERS = 100;

/** Connects callers who follow logs with the agents that write them. In memory: a follower lives as long as its call. */
export class LogRelay {
  readonly #followers = new Map<string, Follower>();
  #sequence = 0;

  constructor(private readonly incarnation: string) {}

  /** Called when the subscriptions of a node have changed. */
  onChanged: (nodeId: Id<'nod'>) => void = () => undefined;

  /**
   * Answers the function that ends it.
   * @throws DomainError RESOURCE_EXHAUSTED (TOO_MANY_LOG_FOLLOWERS)
   */
  follow(replica: FollowedReplica, { onLines, onStop }: Pick<Follower, 'onLines' | 'onStop'>): () => void {
    if (this.#followers.size >= MAX_FOLLOWERS) {
      throw new DomainError(
        'RESOURCE_EXHAUSTED',
        'TOO_MANY_LOG_FOLLOWERS',
        `${MAX_FOLLOWERS} logs are followed already; stop following one, or try again later`,
      );
    }
    this.#sequence += 1;
    const subscriptionId = `${this.incarnation}/${this.#sequence}`;
    this.#followers.set(subscriptionId, { ...replica, subscriptionId, onLines, onStop });
    this.onChanged(replica.nodeId);
    return () => {
      this.#followers.delete(subscriptionId);
      this.onChanged(replica.nodeId);
    };
  }

  /** Ends every call that follows, because this process stops. */
  stop(): void {
    for (const follower of [...this.#followers.values()]) follower.onStop();
  }

  of(nodeId: Id<'nod'>): nodeV1.LogSubscription[] {
    return [...this.#followers.values()]
      .filter((follower) => follower.nodeId === nodeId)
      .map(({ subscriptionId, id }) => ({ subscriptionId, replicaId: id }));
  }

  /** An agent reaches only those who follow a replica of its own node. */
  relay(nodeId: Id<'nod'>, { subscriptionId, replicaId, lines }: nodeV1.LogLines): void {
    const follower = this.#followers.get(subscriptionId);
    if (follower?.nodeId === nodeId && follower.id === replicaId) follower.onLines(lines);
  }
}
