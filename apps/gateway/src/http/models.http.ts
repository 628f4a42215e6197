import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@ostro/kernel';
import { type KnownKey, mayCallModel } from '../domain/authenticate.ts';
import { effectiveMaxOf } from '../domain/admission.ts';
import { isRefusal, modelNotFound } from '../domain/refusal.ts';
import { findRoute, isVisible, replicasOf, type Route, type Target } from '../domain/route.ts';
import type { PriceTable } from '../views/price-table.ts';
import type { RouteTable } from '../views/route-table.ts';
import { sendJson, sendRefusal } from './answers.ts';
import type { Callers } from './caller.ts';

export interface ModelsOptions {
  readonly callers: Callers;
  readonly routes: RouteTable;
  readonly prices: PriceTable;
  readonly clock: Clock;
}

/** /v1/models: the endpoints that a key may call. */
export class ModelsHttp {
  readonly #options: ModelsOptions;

  constructor(options: ModelsOptions) {
    this.#options = options;
  }

  list(request: IncomingMessage, response: ServerResponse): void {
    const key = this.#options.callers.identify(request);
    if (isRefusal(key)) return sendRefusal(request, response, key);
    const data = this.#routesOf(key).map((route) => this.#toModel(route));
    sendJson(response, 200, { object: 'list', data });
  }

  get(name: string, request: IncomingMessage, response: ServerResponse): void {
    const key = this.#options.callers.identify(request);
    if (isRefusal(key)) return sendRefusal(request, response, key);
    const route = findRoute(this.#options.routes.named(name), name, key);
    if (route === undefined) return sendRefusal(request, response, modelNotFound(name));
    sendJson(response, 200, this.#toModel(route));
  }

  /** By name; where one hides another of the same name, the one that would be called. */
  #routesOf(key: KnownKey): Route[] {
    const { routes } = this.#options;
    const names = new Set<string>();
    for (const route of routes.all()) if (isVisible(route, key) && mayCallModel(key, route.name)) names.add(route.name);
    return [...names].sort().map((name) => findRoute(routes.named(name), name, key)!);
  }

  /** OpenAI's object, and beside its fields what one must know to use the model. */
  #toModel(route: Route) {
    const [target] = route.targets;
    return {
      id: route.name,
      object: 'model',
      created: Math.floor((route.createdAt?.getTime() ?? 0) / 1_000),
      owned_by: route.organizationId,
      state: replicasOf(route).length > 0 ? 'ready' : 'cold',
      ...(target && { ...describe(target), price: this.#priceOf(route, target) }),
    };
  }

  #priceOf(route: Route, target: Target) {
    const prices = this.#options.prices.pricesOf(route, target, this.#options.clock.now());
    if (prices === undefined) return null;
    const { currency, version, meters } = prices;
    const unitPrices = Object.values(meters).map(({ meter, unitPrice, pricingUnitExponent }) => ({
      meter,
      unit_price: unitPrice,
      pricing_unit: 10 ** pricingUnitExponent,
    }));
    return { currency, version, unit_prices: unitPrices };
  }
}

function describe(target: Target) {
  return {
    kind: target.isEmbedding ? 'embedding' : 'text',
    model: target.modelName,
    digest: target.modelDigest,
    context_tokens: target.contextTokens,
    max_output_tokens: target.maxOutputTokens,
    default_max_output_tokens: effectiveMaxOf(undefined, target),
  };
}
