import { ANYWHERE } from '@ostro/routing';
import type { KnownKey } from '../src/domain/authenticate.ts';
import type { Replica, Route, Target } from '../src/domain/route.ts';

export function aKnownKey(overrides: Partial<KnownKey> = {}): KnownKey {
  return {
    keyId: 'key_1',
    organizationId: 'org_1',
    projectId: 'prj_1',
    principalId: 'prn_1',
    scopes: ['inference'],
    allowedModels: ['*'],
    isActive: true,
    isCompromised: false,
    expiresAt: undefined,
    generation: { epoch: 1n, generation: 1n },
    ...overrides,
  };
}

export function aReplica(replicaId: string, overrides: Partial<Replica> = {}): Replica {
  return {
    replicaId,
    nodeId: `nod_of_${replicaId}`,
    address: '127.0.0.1:1',
    concurrency: 4,
    country: 'FR',
    operator: 'acme',
    certifications: [],
    ...overrides,
  };
}

export function aTarget(replicas: readonly Replica[], overrides: Partial<Target> = {}): Target {
  return {
    deploymentId: 'dep_1',
    revisionId: 'rev_1',
    weight: 1,
    modelDigest: 'sha256:1',
    modelName: 'tiny',
    contextTokens: 2_048,
    maxOutputTokens: 512,
    defaultMaxOutputTokens: 128,
    isEmbedding: false,
    isScalable: false,
    residency: ANYWHERE,
    replicas,
    ...overrides,
  };
}

export function aKnownRoute(endpointId: string, overrides: Partial<Route> = {}): Route {
  return {
    endpointId,
    name: 'tiny',
    organizationId: 'org_1',
    projectId: 'prj_1',
    audience: 'project',
    listedOrganizationIds: [],
    priceBookId: '',
    sku: '',
    createdAt: undefined,
    isDeleted: false,
    cause: 'intended',
    targets: [aTarget([aReplica(`rep_of_${endpointId}`)])],
    generation: { epoch: 1n, generation: 1n },
    ...overrides,
  };
}
