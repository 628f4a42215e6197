import fc from 'fast-check';
import {
  type AcceleratorSnapshot,
  type NodeSnapshot,
  parseProfile,
  type PlacementRequest,
  type Profile,
} from '../src/index.ts';
import { FILTERS, SCORERS } from '../src/registry.ts';
import { anAccelerator, aNode, aRequest, deploymentId, GIB, nodeId, organizationId, replicaId } from './builders.ts';

const COUNTRIES = ['FR', 'DE', 'US', ''];
const MODELS = ['H100-80GB', 'L40S', 'CPU'];

const accelerator = fc
  .record({
    model: fc.constantFrom(...MODELS),
    memory: fc.integer({ min: 1, max: 80 }),
    island: fc.constantFrom('a', 'b', undefined),
    healthy: fc.boolean(),
    organization: fc.constantFrom(1, 2, undefined),
    slices: fc.constantFrom(0, 0, 0, 2),
  })
  .map(({ memory, island, organization, slices, ...rest }): AcceleratorSnapshot => {
    const memoryBytes = memory * GIB;
    const migSlices = Array.from({ length: slices }, (_, at) => ({
      sliceId: `slice-${at}`,
      profile: '1g',
      memoryBytes: memoryBytes / 2,
      freeMemoryBytes: memoryBytes / 2,
    }));
    return {
      ...anAccelerator({ ...rest, memoryBytes }),
      ...(island === undefined ? { island: undefined as never } : { island }),
      ...(organization === undefined ? {} : { organizationId: organizationId(organization) }),
      ...(slices === 0 ? {} : { migSlices }),
    };
  });

const node = fc
  .record({
    country: fc.constantFrom(...COUNTRIES),
    siteId: fc.constantFrom('s1', 's2'),
    state: fc.constantFrom('ready', 'ready', 'ready', 'cordoned', 'dead'),
    cpuMilli: fc.integer({ min: 0, max: 8000 }).map((amount) => ({ capacity: amount, free: amount })),
    hostMemoryBytes: fc.integer({ min: 0, max: 32 }).map((gib) => ({ capacity: gib * GIB, free: gib * GIB })),
    pricePerHourMilliEuro: fc.integer({ min: 0, max: 50_000 }),
    accelerators: fc.array(accelerator, { maxLength: 6 }),
  })
  .map((overrides) => overrides as Partial<NodeSnapshot>);

export const nodes = fc.array(node, { maxLength: 8 }).map((all) =>
  all.map((overrides, at) =>
    aNode({
      ...overrides,
      nodeId: nodeId(at),
      accelerators: (overrides.accelerators ?? []).map((each, index) => ({
        ...each,
        acceleratorId: `GPU-${index}`,
        ...(each.migSlices === undefined
          ? {}
          : { migSlices: each.migSlices.map((slice) => ({ ...slice, sliceId: `GPU-${index}/${slice.sliceId}` })) }),
      })),
    }),
  ),
);

export const request = fc
  .record({
    organization: fc.integer({ min: 1, max: 3 }),
    deployment: fc.integer({ min: 1, max: 3 }),
    models: fc.subarray(MODELS),
    count: fc.constantFrom(1, 1, 1, 2, 3),
    memory: fc.integer({ min: 1, max: 60 }),
    exclusive: fc.boolean(),
    cpuMilli: fc.integer({ min: 0, max: 3000 }),
    hostGiB: fc.integer({ min: 0, max: 8 }),
    countries: fc.subarray(['FR', 'DE', 'US']),
    antiAffinity: fc.constantFrom('none' as const, 'spread' as const),
  })
  .map(
    ({ organization, deployment, models, count, memory, exclusive, hostGiB, countries, ...rest }): PlacementRequest =>
      aRequest({
        ...rest,
        organizationId: organizationId(organization),
        deploymentId: deploymentId(deployment),
        accelerator: { models, count, memoryBytesEach: memory * GIB, exclusive },
        hostMemoryBytes: hostGiB * GIB,
        residency: { countries, operators: [], certifications: [] },
      }),
  );

export const requests = fc
  .array(request, { minLength: 1, maxLength: 25 })
  .map((all) => all.map((each, at) => ({ ...each, replicaId: replicaId(at) })));
export const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** Any order of filters that a profile may have, and any weights. */
export const profile: fc.Arbitrary<Profile> = fc
  .record({
    order: fc.shuffledSubarray(FILTERS.slice(0, -1), { minLength: FILTERS.length - 1 }),
    weights: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: SCORERS.length, maxLength: SCORERS.length }),
  })
  .map(({ order, weights }) =>
    parseProfile({
      name: 'any',
      filters: [...order, FILTERS.at(-1)!].map(({ name }) => name),
      scorers: SCORERS.map(({ name }, at) => ({ name, weight: weights[at] })),
    }),
  );
