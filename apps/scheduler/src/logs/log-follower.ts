import type { schedulingV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import type { ServiceContext } from '@ostro/service-host';
import { Observable } from 'rxjs';
import type { Replica } from '../domain/replica.ts';
import type { FollowedReplica, LogRelay } from './log-relay.ts';
import type { NodeSessions } from '../nodes/node-sessions.ts';

/** Log lines of replicas, for as long as the caller listens. */
export class LogFollower {
  constructor(
    private readonly logs: LogRelay,
    private readonly sessions: NodeSessions,
    private readonly context: Pick<ServiceContext, 'clock'>,
  ) {}

  /**
   * @throws DomainError NOT_FOUND (REPLICA_NOT_RUNNING) when there is nothing to follow; UNAVAILABLE
   * (NODE_NOT_CONNECTED) when none of the nodes has its stream open to this process
   */
  follow(replicas: readonly Replica[], replicaId: string): Observable<schedulingV1.FollowLogsResponse> {
    const running = replicas.filter((replica) => replicaId === '' || replica.id === replicaId).flatMap(onNode);
    if (running.length === 0) {
      throw new DomainError(
        'NOT_FOUND',
        'REPLICA_NOT_RUNNING',
        'no such replica runs now; list the replicas: one that failed keeps its last log lines',
      );
    }
    const reachable = running.filter(({ nodeId }) => this.sessions.isConnected(nodeId));
    if (reachable.length === 0) {
      throw new DomainError(
        'UNAVAILABLE',
        'NODE_NOT_CONNECTED',
        'the node is not connected to this scheduler process; try again, or read the log on the node',
      );
    }
    return new Observable((out) => {
      const ends = reachable.map((replica) =>
        this.logs.follow(replica, {
          onLines: (lines) => {
            const readTime = this.context.clock.now();
            for (const line of lines) out.next({ replicaId: replica.id, line, readTime });
          },
          onStop: () => out.complete(),
        }),
      );
      return () => {
        for (const end of ends) end();
      };
    });
  }
}

function onNode({ id, nodeId }: Replica): readonly FollowedReplica[] {
  return nodeId === null ? [] : [{ id, nodeId }];
}
