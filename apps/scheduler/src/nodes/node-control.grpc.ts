import { Controller } from '@nestjs/common';
import { nodeV1 } from '@ostro/contracts';
import { currentCaller } from '@ostro/grpc-host';
import { DomainError, parseId } from '@ostro/kernel';
import { Observable } from 'rxjs';
import { NodeSessions } from './node-sessions.ts';

@Controller()
@nodeV1.NodeControlServiceControllerMethods()
export class NodeControlGrpc implements nodeV1.NodeControlServiceController {
  constructor(private readonly sessions: NodeSessions) {}

  /** The node is who its certificate says; nothing in a report can change that. */
  connect(requests: Observable<nodeV1.ConnectRequest>): Observable<nodeV1.ConnectResponse> {
    const { peer } = currentCaller();
    if (peer?.kind !== 'node') {
      throw new DomainError('UNAUTHENTICATED', 'NODE_CERTIFICATE_REQUIRED', 'connect with the certificate of a node');
    }
    const nodeId = parseId('nod', peer.name, 'certificate');
    return new Observable((out) => {
      const session = this.sessions.open(nodeId, out);
      const subscription = requests.subscribe({
        next: (request) => session.receive(request),
        error: () => out.complete(),
        complete: () => out.complete(),
      });
      return () => {
        subscription.unsubscribe();
        this.sessions.close(session);
      };
    });
  }
}
