/**
 * How much of a cluster's GPUs gets allocated, by the procedure of FGD (USENIX ATC'23), beside Random, BestFit, Packing
 * and FGD, and how fast it is decided:
 * `npm run bench:placement -- [--nodes FILE] [--tasks FILE[,FILE]] [--seeds A..B] [--policy NAME,...] [--json]`
 *
 * What moving a few replicas adds, beside what a linear program could reach: `... --defragment`
 * Replicas of models instead of tasks, with weights cached: `... --inference [--seeds A..B]`
 * Speed on a large cluster: `... --nodes-synthetic 10000x8 --fill 0.95`
 */
import { parseArgs } from 'node:util';
import { fragmentationBench, POLICY_NAMES, type PolicyName } from './placement/fragmentation-bench.ts';
import { fragmentationTable } from './placement/fragmentation-table.ts';
import type { SyntheticInput } from './placement/synthetic-bench.ts';

/** Of the synthetic cluster. */
const DEPLOYMENTS = 50;
const DECISIONS = 10_000;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: 'openb/openb_node_list_gpu_node.csv' },
    tasks: { type: 'string', default: 'openb/openb_pod_list_default.csv' },
    seeds: { type: 'string', default: '42..51' },
    policy: { type: 'string', default: POLICY_NAMES.join(',') },
    published: { type: 'string', default: 'openb/fgd_published_alloc_dev.csv' },
    'nodes-synthetic': { type: 'string' },
    fill: { type: 'string', default: '0' },
    defragment: { type: 'boolean', default: false },
    inference: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const input = { nodes: values.nodes, tasks: values.tasks.split(','), seeds: seedsOf(values.seeds) };

const { figures, table } = await run();
console.log(values.json ? JSON.stringify(figures) : table);

/** The figures of the bench that was asked for, and the same for a person. */
async function run(): Promise<{ readonly figures: object; readonly table: string }> {
  if (values['nodes-synthetic'] !== undefined) {
    const { syntheticBench } = await import('./placement/synthetic-bench.ts');
    const figures = syntheticBench(syntheticOf(values['nodes-synthetic'], values.fill));
    return { figures, table: `${figures.decisionsPerCpuSecond} decisions per CPU second: ${JSON.stringify(figures)}` };
  }
  if (values.inference) {
    const { inferenceBench, inferenceTable } = await import('./defragment/inference/inference-bench.ts');
    const figures = inferenceBench(input.seeds);
    return { figures, table: inferenceTable(figures) };
  }
  if (values.defragment) {
    const { defragmentBench, defragmentTable } = await import('./defragment/defragment-bench.ts');
    const lists = await defragmentBench(input);
    return { figures: { lists }, table: defragmentTable(lists) };
  }
  const figures = await fragmentationBench({ ...input, policies: values.policy.split(',').map(policyOf) });
  return { figures, table: await fragmentationTable(figures, values.published) };
}

function seedsOf(range: string): readonly number[] {
  const [, from, to = from] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(range) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (!(first <= last)) throw new Error(`--seeds must be A..B with A <= B, such as 42..51, not "${range}"`);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

function policyOf(name: string): PolicyName {
  const known = POLICY_NAMES.find((each) => each === name);
  if (known !== undefined) return known;
  throw new Error(`--policy "${name}" is unknown; known are ${POLICY_NAMES.join(', ')}`);
}

function syntheticOf(size: string, fill: string): SyntheticInput {
  const [, nodes, gpus] = /^([1-9]\d{0,5})x([1-9]\d{0,2})$/.exec(size) ?? [];
  if (nodes === undefined) throw new Error(`--nodes-synthetic must be NODESxGPUS, such as 10000x8, not "${size}"`);
  if (!(Number(fill) >= 0 && Number(fill) < 1)) throw new Error(`--fill must be from 0 to below 1, not "${fill}"`);
  return {
    nodes: Number(nodes),
    gpus: Number(gpus),
    fill: Number(fill),
    deployments: DEPLOYMENTS,
    decisions: DECISIONS,
  };
}
