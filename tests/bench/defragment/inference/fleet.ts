import { ClusterSnapshot, type NodeSnapshot } from '@ostro/placement';
import { emptyNode } from '../../empty-node.ts';

const GIB = 2 ** 30;

interface Kind {
  readonly model: string;
  readonly memoryGib: number;
  readonly capability: string;
  readonly count: number;
  readonly island: number;
  /** Thousandths of a euro an hour for the node. */
  readonly price: number;
  readonly nodes: number;
}

/** Accelerators as their data sheets say; prices near those of European clouds. */
const KINDS: readonly Kind[] = [
  { model: 'H100-80GB', memoryGib: 80, capability: '9.0', count: 8, island: 8, price: 20_000, nodes: 16 },
  { model: 'H200-141GB', memoryGib: 141, capability: '9.0', count: 8, island: 8, price: 26_000, nodes: 8 },
  { model: 'A100-80GB', memoryGib: 80, capability: '8.0', count: 8, island: 4, price: 12_000, nodes: 12 },
  { model: 'L40S-48GB', memoryGib: 48, capability: '8.9', count: 4, island: 4, price: 3_600, nodes: 16 },
];

const SITES = [
  { siteId: 'par-1', country: 'FR', operator: 'Ostro', certifications: ['HDS', 'ISO-27001'] },
  { siteId: 'par-2', country: 'FR', operator: 'Ostro', certifications: ['ISO-27001'] },
  { siteId: 'fra-1', country: 'DE', operator: 'Ostro', certifications: ['C5', 'ISO-27001'] },
  { siteId: 'ams-1', country: 'NL', operator: 'Polder', certifications: ['ISO-27001'] },
] as const;

/** Four sites in three countries, each with some nodes of every kind. */
export function fleet(): ClusterSnapshot {
  const nodes = KINDS.flatMap((kind) => Array.from({ length: kind.nodes }, (_, at) => nodeOf(kind, at)));
  return ClusterSnapshot.of({ generation: { epoch: 1n, generation: 1n }, nodes });
}

function nodeOf({ model, memoryGib, capability, count, island, price }: Kind, at: number): NodeSnapshot {
  const { certifications, ...where } = SITES[at % SITES.length]!;
  return emptyNode(
    {
      ...where,
      nodeId: `nod_${model.toLowerCase()}-${String(at).padStart(2, '0')}`,
      cpuMilli: count * 24_000,
      hostMemoryBytes: count * 256 * GIB,
    },
    { model, count, memoryBytes: memoryGib * GIB, computeCapability: capability, island },
    { certifications, pricePerHourMilliEuro: price },
  );
}
