import { DomainError, type Generation } from '@ostro/kernel';
import { compareIds } from '../amounts.ts';
import { PRIOR_DEMAND } from '../fragmentation/demand-mix.ts';
import { type Valuation, valuationOf } from '../fragmentation/valuation.ts';
import { checkNode } from './check-node.ts';
import { History } from './history.ts';
import { type Block, Layout } from './layout.ts';
import { type NodeSnapshot, placeableAccelerators } from './node.ts';
import { cheapestPrices, type CheapestPrices, pricePerMiB } from './prices.ts';

/** What scorers may know beside a request and a node. Another object whenever anything in it is different. */
export interface ScoringContext {
  readonly valuation: Valuation;
  readonly cheapest: CheapestPrices;
  /** Every accelerator model of the cluster, in order. */
  readonly models: readonly string[];
}

interface Parts {
  readonly generation: Generation;
  readonly layout: Layout;
  readonly history: History;
  readonly version: number;
  readonly blocks: readonly Block[];
  readonly context: ScoringContext;
}

/** Whoever has missed more than this looks at all nodes anew. */
const KEPT_CHANGES_PER_NODE = 4;

/**
 * All nodes at one generation: checked, and sorted by site and id whatever order storage gave, so that equal states
 * decide equally. Never changes: `withNode` and `withValuation` answer a new one that shares all the rest. Snapshots made
 * from one another are a lineage and share a layout and a history of changes; deciding on them is cheap, because only the
 * nodes that differ are looked at again. So take a cluster from storage once and carry changes over with `withNode`.
 */
export class ClusterSnapshot {
  readonly generation: Generation;
  readonly layout: Layout;
  readonly history: History;
  /** How many changes of `history` it has seen. */
  readonly version: number;
  readonly blocks: readonly Block[];
  readonly context: ScoringContext;
  #nodes: readonly NodeSnapshot[] | undefined;

  private constructor(parts: Parts) {
    this.generation = parts.generation;
    this.layout = parts.layout;
    this.history = parts.history;
    this.version = parts.version;
    this.blocks = parts.blocks;
    this.context = parts.context;
  }

  /** @throws DomainError INVALID_ARGUMENT for a node that `checkNode` refuses or that is listed twice. */
  static of(input: { readonly generation: Generation; readonly nodes: readonly NodeSnapshot[] }): ClusterSnapshot {
    const nodes = input.nodes.map(checkedAndSorted);
    const valuation = valuationOf(nodes, PRIOR_DEMAND);
    const context = { valuation, cheapest: cheapestPrices(nodes), models: modelsOf(nodes) };
    const snapshot = ClusterSnapshot.#begin(input.generation, nodes, context);
    if (snapshot.layout.size !== nodes.length) throw duplicate(nodes);
    return snapshot;
  }

  static #begin(generation: Generation, nodes: readonly NodeSnapshot[], context: ScoringContext): ClusterSnapshot {
    const { layout, blocks } = Layout.of(nodes);
    const history = new History(KEPT_CHANGES_PER_NODE * layout.size);
    return new ClusterSnapshot({ generation, layout, history, version: 0, blocks, context });
  }

  /** In order of site and id. */
  get nodes(): readonly NodeSnapshot[] {
    this.#nodes ??= this.blocks.flat();
    return this.#nodes;
  }

  get valuation(): Valuation {
    return this.context.valuation;
  }

  node(nodeId: string): NodeSnapshot | undefined {
    const position = this.layout.positions.get(nodeId);
    return position === undefined ? undefined : this.nodeAt(position);
  }

  nodeAt(position: number): NodeSnapshot {
    const block = this.layout.blockOf[position]!;
    return this.blocks[block]![position - this.layout.starts[block]!]!;
  }

  /** The same cluster with one of its nodes in another state. @throws DomainError NOT_FOUND for a node it lacks. */
  withNode(changed: NodeSnapshot): ClusterSnapshot {
    const before = this.node(changed.nodeId);
    if (before === undefined) {
      throw new DomainError(
        'NOT_FOUND',
        'NODE_NOT_IN_SNAPSHOT',
        `node ${changed.nodeId} is not in this snapshot; take a new one`,
      );
    }
    const node = checkedAndSorted(changed);
    const position = this.layout.positions.get(node.nodeId)!;
    const block = this.layout.blockOf[position]!;
    const blocks = this.blocks.with(block, this.blocks[block]!.with(position - this.layout.starts[block]!, node));
    const context = this.#contextWith(before, node, blocks);
    if (node.siteId !== before.siteId) return ClusterSnapshot.#begin(this.generation, blocks.flat(), context);
    const history = this.history.after(this.version, position, before, node);
    const { generation, layout } = this;
    return new ClusterSnapshot({ generation, layout, history, version: history.length, blocks, context });
  }

  /** The same cluster, judged by another demand. */
  withValuation(valuation: Valuation): ClusterSnapshot {
    const { generation, layout, history, version, blocks } = this;
    const context = { ...this.context, valuation };
    return new ClusterSnapshot({ generation, layout, history, version, blocks, context });
  }

  /** The very context for as long as prices and models stay, so that nothing is scored anew without need. */
  #contextWith(before: NodeSnapshot, after: NodeSnapshot, blocks: readonly Block[]): ScoringContext {
    if (isPricedAlike(before, after)) return this.context;
    const nodes = blocks.flat();
    return { ...this.context, cheapest: cheapestPrices(nodes), models: modelsOf(nodes) };
  }
}

function modelsOf(nodes: readonly NodeSnapshot[]): readonly string[] {
  const models = new Set<string>();
  for (const node of nodes) for (const { model } of placeableAccelerators(node)) models.add(model);
  return [...models].sort();
}

function isPricedAlike(a: NodeSnapshot, b: NodeSnapshot): boolean {
  return (
    pricePerMiB(a) === pricePerMiB(b) &&
    a.accelerators.length === b.accelerators.length &&
    a.accelerators.every((accelerator, at) => offersAlike(accelerator, b.accelerators[at]!))
  );
}

type Offer = NodeSnapshot['accelerators'][number];

function offersAlike(a: Offer, b: Offer): boolean {
  if (a === b) return true;
  const profiles = ({ migSlices }: Offer): string | undefined => migSlices?.map(({ profile }) => profile).join();
  return a.model === b.model && profiles(a) === profiles(b);
}

function checkedAndSorted(node: NodeSnapshot): NodeSnapshot {
  checkNode(node);
  const isSorted = node.accelerators.every(
    ({ acceleratorId }, at, all) => at === 0 || compareIds(all[at - 1]!.acceleratorId, acceleratorId) < 0,
  );
  if (isSorted) return node;
  const accelerators = [...node.accelerators].sort((a, b) => compareIds(a.acceleratorId, b.acceleratorId));
  return { ...node, accelerators };
}

function duplicate(nodes: readonly NodeSnapshot[]): DomainError {
  const ids = nodes.map(({ nodeId }) => nodeId);
  const twice = String(ids.find((nodeId, at) => ids.indexOf(nodeId) !== at));
  return new DomainError(
    'INVALID_ARGUMENT',
    'DUPLICATE_NODE',
    `node ${twice} is listed twice; keep the entry of the newest generation`,
    { details: { nodeId: twice } },
  );
}
