import { type PlacementRequest, vramNeed } from '@ostro/placement';
import { below } from '../../placement/random.ts';
import { CATALOGUE, type CatalogueEntry } from './catalogue.ts';

export interface Deployment {
  readonly request: Omit<PlacementRequest, 'replicaId'>;
  readonly weightBytes: number;
  /** How often it wants one more replica, beside the others. */
  readonly popularity: number;
}

const GIB = 2 ** 30;
const ORGANIZATIONS = 6;
const RESIDENCIES = [
  { countries: [], operators: [], certifications: [] },
  { countries: [], operators: [], certifications: [] },
  { countries: ['FR', 'DE', 'NL'], operators: [], certifications: ['ISO-27001'] },
  { countries: ['FR'], operators: [], certifications: [] },
  { countries: ['DE', 'FR'], operators: ['Ostro'], certifications: [] },
  { countries: [], operators: [], certifications: ['HDS'] },
];

/**
 * Models by popularity (the n-th is asked for 1/n as often), each served in one of its ways for one of the organizations;
 * every other one is that organization's own tuning, whose weights nobody else has.
 */
export function deployments(count: number, next: () => number): readonly Deployment[] {
  return Array.from({ length: count }, (_, at) => deploymentOf(at, next));
}

function deploymentOf(at: number, next: () => number): Deployment {
  const model = at < CATALOGUE.length ? at : popular(next);
  const entry = CATALOGUE[model]!;
  const organization = below(next, ORGANIZATIONS);
  return {
    request: requestOf(entry, { at, organization }, next),
    weightBytes: Number(entry.facts.weightBytes),
    popularity: 1 / (1 + model),
  };
}

function popular(next: () => number): number {
  const total = CATALOGUE.reduce((sum, _, at) => sum + 1 / (1 + at), 0);
  let left = next() * total;
  const found = CATALOGUE.findIndex((_, at) => (left -= 1 / (1 + at)) < 0);
  return found < 0 ? CATALOGUE.length - 1 : found;
}

function requestOf(
  entry: CatalogueEntry,
  { at, organization }: { readonly at: number; readonly organization: number },
  next: () => number,
): Deployment['request'] {
  const { tensorParallel, accelerators } = entry.servings[below(next, entry.servings.length)]!;
  const { perAcceleratorBytes } = vramNeed({ ...entry, runtime: 'vllm', tensorParallel, kvDtypeBytes: 2 });
  return {
    organizationId: `org_${organization}`,
    deploymentId: `dep_${at}`,
    modelDigest: below(next, 2) === 0 ? `sha256:${entry.name}` : `sha256:${entry.name} tuned by dep_${at}`,
    accelerator: {
      models: accelerators,
      count: tensorParallel,
      memoryBytesEach: perAcceleratorBytes,
      exclusive: tensorParallel > 1,
    },
    cpuMilli: 4000 * tensorParallel,
    hostMemoryBytes: 16 * GIB * tensorParallel,
    residency: RESIDENCIES[below(next, RESIDENCIES.length)]!,
    tolerations: [],
    antiAffinity: below(next, 2) === 0 ? 'none' : 'spread',
  };
}
