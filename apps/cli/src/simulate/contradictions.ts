import { isDomainError } from '@ostro/kernel';
import { ENGINE_MODELS, engineModel, GPU_DATA_SHEETS } from '@ostro/simulator';
import { nearestWord } from './nearest-word.ts';
import type { ModelDocument, NodesDocument, PolicyDocument } from './policy-document.ts';
import type { Path, Problem } from './yaml-text.ts';

/** What each part allows and the whole does not: a policy that contradicts itself would only ever refuse. */
export function contradictions(document: PolicyDocument): Problem[] {
  const { cluster, models } = document;
  const ofModels = models.flatMap((model, at) => {
    const path: Path = ['models', at];
    return [
      ...nameTwice(models, at),
      ...acceleratorProblems(model, cluster.nodes).map((problem) => below(path, problem)),
      ...engineProblems(model).map((problem) => below(path, problem)),
      ...loadProblems(model).map((problem) => below(path, problem)),
    ];
  });
  return [...budgetProblems(document), ...ofModels];
}

/** A budget is kept by the price of idle replicas; one without the other would be a promise that nobody keeps. */
function budgetProblems({ budget, autoscaling, models }: PolicyDocument): Problem[] {
  const idles = [autoscaling, ...models.map((model) => model.autoscaling)].map(
    (each) => (each as Scaling | undefined)?.idle,
  );
  const isPriced = idles.includes('cell');
  if (budget !== undefined && !isPriced) {
    return [{ path: ['budget'], text: 'is kept by nobody: say "idle: cell" in autoscaling, or remove the budget' }];
  }
  if (budget === undefined && isPriced) {
    return [
      { path: ['autoscaling', 'idle'], text: 'is cell, which keeps a budget: add "budget: { eurosPerHour: ... }"' },
    ];
  }
  return [];
}

type Scaling = { readonly idle?: unknown };

function below(path: Path, problem: Problem): Problem {
  return { ...problem, path: [...path, ...problem.path] };
}

function nameTwice(models: readonly ModelDocument[], at: number): Problem[] {
  const first = models.findIndex(({ name }) => name === models[at]!.name);
  if (first === at) return [];
  return [{ path: ['models', at, 'name'], text: `is the name of models[${first}] too: keep one of them` }];
}

function acceleratorProblems({ accelerators }: ModelDocument, nodes: readonly NodesDocument[]): Problem[] {
  const { model, count = 1, memoryGiB = 0 } = accelerators;
  const having = nodes.filter((each) => each.model === model);
  if (having.length === 0) {
    const path = ['accelerators', 'model'];
    return [
      {
        path,
        text: unknown(
          model,
          'no node of the cluster has it',
          nodes.map((each) => each.model),
        ),
      },
    ];
  }
  const most = Math.max(...having.map((each) => each.accelerators));
  const largest = Math.max(...having.map((each) => each.memoryGiB));
  const problems: Problem[] = [];
  if (count > most) {
    problems.push({
      path: ['accelerators', 'count'],
      text: `is ${count}, but no node has more than ${most} x ${model}`,
    });
  }
  if (memoryGiB > largest) {
    problems.push({ path: ['accelerators', 'memoryGiB'], text: `is ${memoryGiB}, but a ${model} here has ${largest}` });
  }
  return problems;
}

/** A computed engine needs the figures of the model and of the accelerator. */
function engineProblems({ engine, accelerators }: ModelDocument): Problem[] {
  if (engine.kind === 'fixed-time') return [];
  const problems: Problem[] = [];
  if (!isKnownModel(engine.model)) {
    const known = ENGINE_MODELS.map(({ name }) => name);
    problems.push({ path: ['engine', 'model'], text: unknown(engine.model, 'nothing is known of it', known) });
  }
  if (!Object.hasOwn(GPU_DATA_SHEETS, accelerators.model)) {
    const text = unknown(accelerators.model, 'its speed is not known', Object.keys(GPU_DATA_SHEETS));
    problems.push({ path: ['accelerators', 'model'], text });
  }
  return problems;
}

function isKnownModel(name: string): boolean {
  try {
    engineModel(name);
    return true;
  } catch (error) {
    if (isDomainError(error)) return false;
    throw error;
  }
}

function unknown(word: string, why: string, known: readonly string[]): string {
  const near = nearestWord(word, known);
  const way = near === undefined ? `use ${[...new Set(known)].join(', ')}` : `did you mean ${near}?`;
  return `is ${JSON.stringify(word)}, and ${why}: ${way}`;
}

function loadProblems({ load }: ModelDocument): Problem[] {
  const { noneSeconds, diskSeconds = noneSeconds, hostRamSeconds = diskSeconds } = load;
  const problems: Problem[] = [];
  if (diskSeconds > noneSeconds) {
    problems.push({
      path: ['load', 'diskSeconds'],
      text: `is ${diskSeconds}, slower than noneSeconds ${noneSeconds}: lower it`,
    });
  }
  if (hostRamSeconds > diskSeconds) {
    problems.push({
      path: ['load', 'hostRamSeconds'],
      text: `is ${hostRamSeconds}, slower than from disk ${diskSeconds}: lower it`,
    });
  }
  return problems;
}
