import type { SeededRandom } from '@ostro/kernel';
import { type PlacementRequest, vramNeed } from '@ostro/placement';
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
export function deployments(count: number, random: SeededRandom): readonly Deployment[] {
  return Array.from({ length: count }, (_, at) => deploymentOf(at, random));
}

function deploymentOf(at: number, random: SeededRandom): Deployment {
  const model = at < CATALOGUE.length ? at : popular(random);
  const entry = CATALOGUE[model]!;
  const organization = random.below(ORGANIZATIONS);
  return {
    request: requestOf(entry, { at, organization }, random),
    weightBytes: Number(entry.facts.weightBytes),
    popularity: 1 / (1 + model),
  };
}

function popular(random: SeededRandom): number {
  const total = CATALOGUE.reduce((sum, _, at) => sum + 1 / (1 + at), 0);
  let left = random.share() * total;
  const found = CATALOGUE.findIndex((_, at) => (left -= 1 / (1 + at)) < 0);
  return found < 0 ? CATALOGUE.length - 1 : found;
}

function requestOf(
  entry: CatalogueEntry,
  { at, organization }: { readonly at: number; readonly organization: number },
  random: SeededRandom,
): Deployment['request'] {
  const { tensorParallel, accelerators } = entry.servings[random.below(entry.servings.length)]!;
  const { perAcceleratorBytes } = vramNeed({ ...entry, runtime: 'vllm', tensorParallel, kvDtypeBytes: 2 });
  return {
    organizationId: `org_${organization}`,
    deploymentId: `dep_${at}`,
    modelDigest: random.below(2) === 0 ? `sha256:${entry.name}` : `sha256:${entry.name} tuned by dep_${at}`,
    accelerator: {
      models: accelerators,
      count: tensorParallel,
      memoryBytesEach: perAcceleratorBytes,
      exclusive: tensorParallel > 1,
    },
    cpuMilli: 4000 * tensorParallel,
    hostMemoryBytes: 16 * GIB * tensorParallel,
    residency: RESIDENCIES[random.below(RESIDENCIES.length)]!,
    tolerations: [],
    antiAffinity: random.below(2) === 0 ? 'none' : 'spread',
  };
}
