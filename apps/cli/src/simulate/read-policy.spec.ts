import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { parsePolicy } from '@ostro/autoscaling';
import { isDomainError } from '@ostro/kernel';
import { readPolicy } from './read-policy.ts';

const POLICY = `name: one
autoscaling:
  minReplicas: 0
  maxReplicas: 4
cluster:
  nodes:
    - { count: 2, accelerators: 8, model: H100-80GB, memoryGiB: 80, pricePerHour: "20.00" }
models:
  - name: chat
    engine: { kind: batching, runtime: vllm, model: Llama-3.1-8B }
    accelerators: { model: H100-80GB, count: 2 }
    load: { noneSeconds: 40, diskSeconds: 10 }
    autoscaling: { targetConcurrency: 64 }
  - name: "*"
    engine: { kind: fixed-time }
    accelerators: { model: H100-80GB }
    load: { noneSeconds: 20 }
`;

function refusal(text: string): string {
  try {
    readPolicy('policy.yaml', text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was read');
}

/** The policy above with one thing in it said otherwise. */
function instead(said: string, otherwise: string): string {
  expect(POLICY).toContain(said);
  return POLICY.replace(said, otherwise);
}

describe('a policy', () => {
  it('scales each model by its own fields before those for all, and prices VRAM as the nodes cost', () => {
    const { scaling } = readPolicy('policy.yaml', POLICY);
    expect(scaling).toMatchObject([
      { maxReplicas: 4, targetConcurrency: 64 },
      { maxReplicas: 4, targetConcurrency: 1 },
    ]);
    expect(scaling[0]!.tiers).toEqual([
      { name: 'vram', wakeMs: 0, microEuroPerHour: 5_000_000 },
      { name: 'disk', wakeMs: 10_000, microEuroPerHour: 0 },
      { name: 'none', wakeMs: 40_000, microEuroPerHour: 0 },
    ]);
  });

  it('may say in the schema what the library reads, no more and no less', () => {
    const schema = JSON.parse(readFileSync(new URL('../../schemas/policy.v1.json', import.meta.url), 'utf8'));
    const { properties } = schema.definitions.autoscaling;
    expect(Object.keys(properties).sort()).toEqual(Object.keys(parsePolicy({})).sort());
  });

  const examples = new URL('../../../../examples/simulate/', import.meta.url);
  it.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))('of the examples is right: %s', (name) => {
    expect(readPolicy(name, readFileSync(new URL(name, examples), 'utf8')).document.name).not.toBe('');
  });
});

describe('a policy that is wrong names line and column and what to write: ', () => {
  it.each([
    ['not YAML', 'name: [', 'policy.yaml:1:8: '],
    ['empty', '', 'policy.yaml:1:1: the policy must be a mapping, not null'],
    ['two policies', `${POLICY}---\n${POLICY}`, 'policy.yaml:18:1: a second policy begins here'],
    ['an alias that holds itself', 'name: &a [*a]', 'policy.yaml:1:11: the alias *a holds itself: write out'],
    [
      'aliases that multiply',
      ['&a [x, x]', '&b [*a, *a, *a]', '&c [*b, *b, *b, *b, *b, *b]', '[*c, *c, *c, *c, *c, *c, *c]']
        .map((list, at) => `k${at}: ${list}\n`)
        .join(''),
      'policy.yaml:4:30: the alias *c stands for too much',
    ],
    [
      'a name that steers a terminal',
      instead('name: one', 'name: "\\e[31mone"'),
      'policy.yaml:1:7: name must be written as a text without control characters',
    ],
    ['a key twice', `name: one\n${POLICY}`, 'policy.yaml:2:1: Map keys must be unique'],
    [
      'an unknown field',
      instead('minReplicas: 0', 'minReplica: 0'),
      'policy.yaml:3:3: autoscaling.minReplica is unknown: did you mean minReplicas?',
    ],
    [
      'a field of nothing known',
      instead('{ noneSeconds: 20 }', '{ noneSeconds: 20, warp: 9 }'),
      'policy.yaml:17:30: models[1].load.warp is unknown: remove it, or use noneSeconds, diskSeconds, hostRamSeconds',
    ],
    [
      'a missing field',
      instead('noneSeconds: 20', ''),
      'policy.yaml:17:11: models[1].load.noneSeconds is missing: add it',
    ],
    [
      'a word for a number',
      instead('maxReplicas: 4', 'maxReplicas: many'),
      'policy.yaml:4:16: autoscaling.maxReplicas must be a whole number, not "many"',
    ],
    [
      'NaN',
      instead('minReplicas: 0', 'minReplicas: .nan'),
      'policy.yaml:3:16: autoscaling.minReplicas must be a whole number',
    ],
    [
      'a negative number',
      instead('count: 2', 'count: -2'),
      'policy.yaml:7:16: cluster.nodes[0].count must be at least 1, not -2',
    ],
    ['an absurd size', instead('memoryGiB: 80', 'memoryGiB: 8e9'), 'cluster.nodes[0].memoryGiB must be at most 4096'],
    [
      'a price that is none',
      instead('"20.00"', '"20 EUR"'),
      'policy.yaml:7:83: cluster.nodes[0].pricePerHour must be written as euros with up to three decimals',
    ],
    [
      'an unknown kind',
      instead('kind: fixed-time', 'kind: magic'),
      'models[1].engine must have a kind: fixed-time or batching',
    ],
    [
      'minimum above maximum',
      instead('minReplicas: 0', 'minReplicas: 5'),
      'policy.yaml:3:16: autoscaling.minReplicas is 5, more than maxReplicas 4; lower it or raise the maximum',
    ],
    [
      'the same in the entry of a model',
      instead('targetConcurrency: 64', 'minReplicas: 9'),
      'policy.yaml:13:33: models[0].autoscaling.minReplicas is 9, more than maxReplicas 4',
    ],
    [
      'two rules for the idle',
      instead('minReplicas: 0', 'idle: { idleMs: 1, eurosPerSavedSecond: 1 }'),
      'policy.yaml:3:9: autoscaling.idle must be "cell" or have one of idleMs and eurosPerSavedSecond, not both',
    ],
    [
      'an accelerator that no node has',
      instead('{ model: H100-80GB }', '{ model: H100-8OGB }'),
      'policy.yaml:16:28: models[1].accelerators.model is "H100-8OGB", and no node of the cluster has it: did you mean H100-80GB?',
    ],
    [
      'more accelerators than a node has',
      instead('count: 2 }', 'count: 16 }'),
      'policy.yaml:11:46: models[0].accelerators.count is 16, but no node has more than 8 x H100-80GB',
    ],
    [
      'an unknown model to compute',
      instead('Llama-3.1-8B', 'Gizmo-9B'),
      'policy.yaml:10:53: models[0].engine.model is "Gizmo-9B", and nothing is known of it: use Llama-3.1-8B,',
    ],
    [
      'a disk slower than the network',
      instead('diskSeconds: 10', 'diskSeconds: 50'),
      'policy.yaml:12:43: models[0].load.diskSeconds is 50, slower than noneSeconds 40: lower it',
    ],
    [
      'a name twice',
      instead('"*"', 'chat'),
      'policy.yaml:14:11: models[1].name is the name of models[0] too: keep one of them',
    ],
    [
      'an unknown filter',
      instead('models:', 'placement: { name: p, filters: [fits], scorers: [] }\nmodels:'),
      'policy.yaml:8:33: placement.filters[0] "fits" is unknown; known are',
    ],
    [
      'a budget that nobody keeps',
      instead('models:', 'budget: { eurosPerHour: 5 }\nmodels:'),
      'policy.yaml:8:9: budget is kept by nobody: say "idle: cell" in autoscaling, or remove the budget',
    ],
    [
      'the price of a budget that is not there',
      instead('minReplicas: 0', 'idle: cell'),
      'policy.yaml:3:9: autoscaling.idle is cell, which keeps a budget: add',
    ],
    [
      'an unknown scorer of routing',
      instead(
        'models:',
        'routing: { name: r, filters: [residency-allowed], scorers: [{ name: luck, weight: 1 }] }\nmodels:',
      ),
      'policy.yaml:8:',
    ],
  ])('%s', (_, text, expected) => expect(refusal(text)).toContain(expected));

  it('all of it at once, in the order of the file', () => {
    const [scaling] = /autoscaling:\n.*\n.*\n/.exec(POLICY)!;
    const text = POLICY.replace(scaling, '').replace('count: 2,', 'count: 0,') + scaling.replace('4', 'many');
    const places = refusal(text).match(/^policy\.yaml:\d+:\d+: [\w.[\]]+/gm);
    expect(places).toEqual(['policy.yaml:4:16: cluster.nodes[0].count', 'policy.yaml:17:16: autoscaling.maxReplicas']);
  });

  it('whatever it is: no policy breaks the reader', () => {
    const places = placesIn(parse(POLICY));
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.double(),
      fc.constantFrom('cell', '*', -1, 1e308, [], {}),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), anything, ({ holder, key }, value) => {
        const document = parse(POLICY) as Tree;
        const at = holder.reduce((tree, step) => tree[step] as Tree, document);
        at[key] = value;
        try {
          readPolicy('policy.yaml', stringify(document));
        } catch (error) {
          expect(isDomainError(error) && error.message).toMatch(/^policy\.yaml:\d+:\d+: \S/);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

type Tree = Record<string | number, unknown>;

/** Every field of a document, as the way to its holder and its own name. */
function placesIn(
  tree: unknown,
  holder: (string | number)[] = [],
): { holder: (string | number)[]; key: string | number }[] {
  if (typeof tree !== 'object' || tree === null) return [];
  const keys = Array.isArray(tree) ? tree.keys() : Object.keys(tree);
  return [...keys].flatMap((key) => [{ holder, key }, ...placesIn((tree as Tree)[key], [...holder, key])]);
}
