// Decisions per CPU second: `node libs/placement/bench/decisions.mjs [nodes] [fill]` after a build. A figure, not a test.
import { apply, ClusterSnapshot, DEFAULT_PROFILE, place } from '@ostro/placement';

const GIB = 2 ** 30;
const [nodes = 1000, fill = 0] = process.argv.slice(2).map(Number);

const accelerators = Array.from({ length: 8 }, (_, at) => ({
  acceleratorId: `GPU-${at}`,
  model: 'H100-80GB',
  memoryBytes: 80 * GIB,
  freeMemoryBytes: 80 * GIB,
  computeCapability: '9.0',
  island: 'island-0',
  healthy: true,
}));

let snapshot = ClusterSnapshot.of({
  generation: { epoch: 1n, generation: 1n },
  nodes: Array.from({ length: nodes }, (_, at) => ({
    nodeId: `nod_${String(at).padStart(6, '0')}`,
    siteId: `site-${at % 10}`,
    country: ['FR', 'DE', 'NL'][at % 3],
    operator: 'ostro',
    certifications: ['ISO-27001'],
    labels: {},
    taints: [],
    state: 'ready',
    cpuMilli: { capacity: 192_000, free: 192_000 },
    hostMemoryBytes: { capacity: 2048 * GIB, free: 2048 * GIB },
    accelerators,
    cachedModelDigests: { vram: [], hostRam: [], disk: at % 7 === 0 ? ['sha256:0'] : [] },
    replicas: [],
    pricePerHourMilliEuro: 20_000 + (at % 5) * 1000,
  })),
});

const request = (at) => ({
  replicaId: `rep_${at}`,
  organizationId: `org_${at % 20}`,
  deploymentId: `dep_${at % 200}`,
  modelDigest: `sha256:${at % 50}`,
  accelerator: { models: ['H100-80GB'], count: at % 10 === 0 ? 4 : 1, memoryBytesEach: 20 * GIB, exclusive: false },
  cpuMilli: 2000,
  hostMemoryBytes: 8 * GIB,
  residency: { countries: ['FR', 'DE'], operators: [], certifications: ['ISO-27001'] },
  tolerations: [],
  antiAffinity: 'spread',
  minComputeCapability: '8.9',
});

const wanted = fill * nodes * 8 * 80 * GIB;
let placements = 0;
for (let taken = 0, at = 0, refused = 0; taken < wanted && refused < 20; at += 1) {
  const each = { ...request(at), residency: { countries: [], operators: [], certifications: [] } };
  const decision = place(each, snapshot, DEFAULT_PROFILE, at);
  if (decision.kind === 'unschedulable') {
    refused += 1;
    continue;
  }
  snapshot = apply(snapshot, decision);
  taken += each.accelerator.count * each.accelerator.memoryBytesEach;
  placements += 1;
}

const decisions = 1000;
const decideAll = () => {
  for (let at = 0; at < decisions; at += 1) place(request(at), snapshot, DEFAULT_PROFILE, at);
};
decideAll();
const before = process.cpuUsage();
decideAll();
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({ nodes, fill, placements, decisionsPerCpuSecond: Math.round((decisions * 1e6) / (user + system)) }),
);
