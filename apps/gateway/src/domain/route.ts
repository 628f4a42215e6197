import type { Generation } from '@ostro/kernel';
import type { Residency } from '@ostro/routing';
import { type KnownKey, mayCallModel } from './authenticate.ts';

export type Audience = 'project' | 'organization' | 'listed' | 'everyone';

/** Why a route changed last; losses without an intended cause are guarded. */
export type RouteCause = 'intended' | 'node_lost' | 'unknown';

export interface Replica {
  readonly replicaId: string;
  readonly nodeId: string;
  /** `host:port` of its agent; undefined when only a tunnel reaches it. */
  readonly address: string | undefined;
  readonly concurrency: number;
  /** Of its site, by the word of identity; empty: unknown, which no residency policy allows. */
  readonly country: string;
  readonly operator: string;
  readonly certifications: readonly string[];
}

/** One revision of a deployment behind an endpoint; while a roll-out lasts a deployment has two. */
export interface Target {
  readonly deploymentId: string;
  readonly revisionId: string;
  readonly weight: number;
  readonly modelDigest: string;
  readonly modelName: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly defaultMaxOutputTokens: number;
  readonly isEmbedding: boolean;
  /** Demand decides how many replicas there are: a request that finds none free may wait for more. */
  readonly isScalable: boolean;
  /** Where its requests may be served. */
  readonly residency: Residency;
  readonly replicas: readonly Replica[];
}

/** Where the requests of one endpoint may go. */
export interface Route {
  readonly endpointId: string;
  readonly name: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly audience: Audience;
  readonly listedOrganizationIds: readonly string[];
  readonly priceBookId: string;
  readonly sku: string;
  readonly createdAt: Date | undefined;
  readonly isDeleted: boolean;
  readonly cause: RouteCause;
  readonly targets: readonly Target[];
  readonly generation: Generation;
}

export function replicasOf(route: Route): readonly Replica[] {
  return route.targets.flatMap(({ replicas }) => replicas);
}

type Caller = Pick<KnownKey, 'organizationId' | 'projectId'>;

/** Narrow audiences first: a project's own endpoint hides one of the same name that everybody sees. */
const AUDIENCES: readonly { readonly audience: Audience; includes(route: Route, caller: Caller): boolean }[] = [
  {
    audience: 'project',
    includes: (route, { organizationId, projectId }) =>
      route.organizationId === organizationId && route.projectId === projectId,
  },
  { audience: 'organization', includes: (route, { organizationId }) => route.organizationId === organizationId },
  {
    audience: 'listed',
    includes: (route, { organizationId }) =>
      route.organizationId === organizationId || route.listedOrganizationIds.includes(organizationId),
  },
  { audience: 'everyone', includes: () => true },
];

export function isVisible(route: Route, caller: Caller): boolean {
  if (route.isDeleted) return false;
  return AUDIENCES.some(({ audience, includes }) => route.audience === audience && includes(route, caller));
}

/** The endpoint a key means by a name: of those it can see, the one with the narrowest audience, ties by id. */
export function findRoute(named: readonly Route[], name: string, key: KnownKey): Route | undefined {
  if (!mayCallModel(key, name)) return undefined;
  return named.filter((route) => isVisible(route, key)).sort(byAudience)[0];
}

function byAudience(a: Route, b: Route): number {
  return rank(a) - rank(b) || (a.endpointId < b.endpointId ? -1 : 1);
}

function rank(route: Route): number {
  return AUDIENCES.findIndex(({ audience }) => audience === route.audience);
}
