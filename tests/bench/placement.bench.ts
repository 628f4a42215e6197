/**
 * How much of a cluster's GPUs gets allocated, by the procedure of FGD (USENIX ATC'23), beside Random, BestFit, Packing
 * and FGD; and how fast it is decided.
 * `npm run bench:placement -- [--nodes FILE] [--tasks FILE[,FILE]] [--seeds A..B] [--policy NAME,...] [--json]`
 */
import { parseArgs } from 'node:util';
import { fragmentationBench, POLICY_NAMES, type PolicyName } from './placement/fragmentation-bench.ts';
import { fragmentationTable } from './placement/fragmentation-table.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: 'openb/openb_node_list_gpu_node.csv' },
    tasks: { type: 'string', default: 'openb/openb_pod_list_default.csv' },
    seeds: { type: 'string', default: '42..51' },
    policy: { type: 'string', default: POLICY_NAMES.join(',') },
    published: { type: 'string', default: 'openb/fgd_published_alloc_dev.csv' },
    json: { type: 'boolean', default: false },
  },
});

const figures = await fragmentationBench({
  nodes: values.nodes,
  tasks: values.tasks.split(','),
  seeds: seedsOf(values.seeds),
  policies: values.policy.split(',').map(policyOf),
});
if (values.json) console.log(JSON.stringify(figures));
else console.log(await fragmentationTable(figures, values.published));

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
