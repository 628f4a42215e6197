import type { Id } from '@ostro/kernel';
import type { Checkpoint, Outcome, Quantities } from '@ostro/rating';

/** What is known of a request when it is dispatched: who pays whom, for what, at which price. */
export interface Admission {
  readonly requestId: Id<'req'>;
  readonly organizationId: Id<'org'>;
  readonly projectId: string;
  readonly keyId: string;
  readonly endpointName: string;
  readonly providerOrganizationId: string;
  readonly modelDigest: string;
  /** Empty: the default book. */
  readonly priceBookId: string;
  /** 0: the gateway had no price book yet; the version in force when the request was minted holds. */
  readonly priceVersion: number;
  readonly sku: string;
}

/** The gateway's half. `gateway_lost` is a Begin without an End, found when its spool was replayed. */
export interface GatewayFact {
  readonly admission: Admission;
  readonly outcome: Outcome | 'gateway_lost';
  /** The dispatch that answered: the last one. Absent when nothing was dispatched. */
  readonly answeredBy?: { readonly attempt: number; readonly hasAgent: boolean };
  readonly tokens?: Quantities;
  readonly forwardedBytes: bigint;
  readonly endedAt: Date;
  readonly incarnation: string;
}

/** The agent's half, one for each attempt. */
export interface WitnessFact extends Quantities {
  readonly attempt: number;
  readonly end: 'complete' | 'aborted';
  readonly bodyBytes: bigint;
  readonly checkpoints: readonly Checkpoint[];
  readonly endedAt: Date;
  readonly gatewayIncarnation: string;
  readonly admission: Admission;
}
