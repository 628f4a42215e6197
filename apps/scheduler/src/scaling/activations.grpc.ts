import { Controller } from '@nestjs/common';
import { schedulingV1 } from '@ostro/contracts';
import { currentCall } from '@ostro/grpc-host';
import { DomainError, parseId } from '@ostro/kernel';
import { from, map, type Observable } from 'rxjs';
import type { DemandLease } from '../domain/activation.ts';
import { phaseToProto } from '../replicas/replica-proto.ts';
import { type Activation, ActivationsService } from './activations.service.ts';

@Controller()
@schedulingV1.ActivationServiceControllerMethods()
export class ActivationsGrpc implements schedulingV1.ActivationServiceController {
  constructor(private readonly service: ActivationsService) {}

  activate(request: schedulingV1.ActivateRequest): Observable<schedulingV1.ActivateResponse> {
    return from(this.service.activate(leaseOf(request), currentCall().signal)).pipe(map(toProto));
  }
}

function leaseOf(request: schedulingV1.ActivateRequest): DemandLease {
  const { deploymentId, holder, waitingRequests, oldestWaitMs, until } = request;
  if (until === undefined) {
    const details = { field: 'until' };
    throw new DomainError('INVALID_ARGUMENT', 'INVALID_ACTIVATION', 'until must say when the lease ends', { details });
  }
  return {
    deploymentId: parseId('dep', deploymentId, 'deployment_id'),
    holder,
    waiting: waitingRequests,
    oldestWaitMs,
    until,
  };
}

function toProto({ phase, etaMs, message, route }: Activation): schedulingV1.ActivateResponse {
  return { phase: phaseToProto(phase), etaMs, message, route };
}
