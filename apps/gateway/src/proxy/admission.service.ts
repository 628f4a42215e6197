import type { Clock } from '@ostro/kernel';
import { type Admitted, admit } from '../domain/admission.ts';
import type { KnownKey } from '../domain/authenticate.ts';
import type { InferenceRequest } from '../domain/inference-request.ts';
import { isRefusal, modelNotFound, type Refusal, unavailable } from '../domain/refusal.ts';
import { findRoute, type Replica, type Route } from '../domain/route.ts';
import type { UsageSpool } from '../usage/usage-spool.ts';
import type { PinnedPrice, PriceTable } from '../views/price-table.ts';
import type { RouteTable } from '../views/route-table.ts';

/** Everything that was decided about a request before it is dispatched. */
export interface Admission extends Admitted {
  readonly route: Route;
  readonly price: PinnedPrice;
  /** The deployment's replicas as of now. */
  readonly replicas: () => readonly Replica[];
}

export interface AdmissionOptions {
  readonly routes: RouteTable;
  readonly prices: PriceTable;
  readonly usage: Pick<UsageSpool, 'healthy'>;
  readonly clock: Clock;
  /** In [0, 1): the choice between the deployments of an endpoint. */
  readonly chance: () => number;
}

const SPOOL_RETRY_SECONDS = 30;

export function usageSpoolFull(): Refusal {
  return unavailable(
    'usage_spool_full',
    'This gateway cannot keep usage records now (its disk is full or failing), so it takes no paid requests. Try again later.',
    SPOOL_RETRY_SECONDS,
  );
}

/** Decides from the gateway's own views whether a request may run, where, and at which price. */
export class AdmissionService {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  admit(request: InferenceRequest, key: KnownKey): Admission | Refusal {
    const { routes, usage, chance } = this.#options;
    const route = findRoute(routes.named(request.model), request.model, key);
    if (route === undefined) return modelNotFound(request.model);
    const admitted = admit(request, route, chance());
    if (isRefusal(admitted)) return admitted;
    const price = this.#price(route, admitted);
    if (isRefusal(price)) return price;
    if (!usage.healthy()) return usageSpoolFull();
    return { ...admitted, route, price, replicas: () => routes.replicasOf(route.endpointId, admitted.target) };
  }

  #price(route: Route, { target, promptBound, effectiveMax }: Admitted): PinnedPrice | Refusal {
    const bound = { promptBound, effectiveMax: BigInt(effectiveMax), n: 1n };
    return this.#options.prices.pin(route, target, this.#options.clock.now(), bound);
  }
}
