import { Controller } from '@nestjs/common';
import { identityV1 } from '@ostro/contracts';
import { currentCall } from '@ostro/grpc-host';
import { concatMap, from, type Observable } from 'rxjs';
import { Cell } from '../cell.ts';
import { toRecord } from '../events/api-key-record.ts';
import { type Removals, RevocationFeed } from './revocation-feed.ts';

@Controller()
@identityV1.RevocationServiceControllerMethods()
export class RevocationsGrpc implements identityV1.RevocationServiceController {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly cell: Cell,
  ) {}

  watchRevocations(request: identityV1.WatchRevocationsRequest): Observable<identityV1.WatchRevocationsResponse> {
    const held = { epoch: request.afterEpoch, generation: request.afterGeneration };
    return from(this.feed.watch(held, currentCall().signal)).pipe(concatMap((removals) => this.#toProto(removals)));
  }

  /** The removals, then a beat: whoever has read it misses nothing older. */
  #toProto({ epoch, keys, isComplete }: Removals): identityV1.WatchRevocationsResponse[] {
    const sendTime = this.cell.clock.now();
    const owner = { cellId: this.cell.id, epoch };
    const revoked = keys.map((key) => ({ revoked: toRecord(key, owner), sendTime }));
    return isComplete ? [...revoked, { revoked: undefined, sendTime }] : revoked;
  }
}
