import { DomainError, type Generation } from '@ostro/kernel';
import { compareIds } from '../amounts.ts';
import { checkNode } from './check-node.ts';
import type { NodeSnapshot } from './node.ts';

/**
 * All nodes at one generation: checked, and sorted by id whatever order storage gave, so that equal states decide
 * equally. Never changes; `withNode` answers a new one that shares every other node.
 */
export class ClusterSnapshot {
  readonly generation: Generation;
  readonly nodes: readonly NodeSnapshot[];
  readonly #positions: ReadonlyMap<string, number>;

  private constructor(generation: Generation, nodes: readonly NodeSnapshot[], positions: ReadonlyMap<string, number>) {
    this.generation = generation;
    this.nodes = nodes;
    this.#positions = positions;
  }

  /** @throws DomainError INVALID_ARGUMENT for a node that `checkNode` refuses or that is listed twice. */
  static of(input: { readonly generation: Generation; readonly nodes: readonly NodeSnapshot[] }): ClusterSnapshot {
    const nodes = input.nodes.map(checkedAndSorted).sort((a, b) => compareIds(a.nodeId, b.nodeId));
    const positions = new Map(nodes.map((node, position) => [node.nodeId as string, position]));
    if (positions.size !== nodes.length) {
      const twice = nodes.find((node, position) => positions.get(node.nodeId) !== position);
      throw new DomainError(
        'INVALID_ARGUMENT',
        'DUPLICATE_NODE',
        `node ${twice?.nodeId} is listed twice; keep the entry of the newest generation`,
        { details: { nodeId: String(twice?.nodeId) } },
      );
    }
    return new ClusterSnapshot(input.generation, nodes, positions);
  }

  node(nodeId: string): NodeSnapshot | undefined {
    const position = this.#positions.get(nodeId);
    return position === undefined ? undefined : this.nodes[position];
  }

  /** The same cluster with one of its nodes in another state. @throws DomainError NOT_FOUND for a node it lacks. */
  withNode(node: NodeSnapshot): ClusterSnapshot {
    const position = this.#positions.get(node.nodeId);
    if (position === undefined) {
      throw new DomainError(
        'NOT_FOUND',
        'NODE_NOT_IN_SNAPSHOT',
        `node ${node.nodeId} is not in this snapshot; take a new one`,
      );
    }
    return new ClusterSnapshot(this.generation, this.nodes.with(position, checkedAndSorted(node)), this.#positions);
  }
}

function checkedAndSorted(node: NodeSnapshot): NodeSnapshot {
  checkNode(node);
  const accelerators = [...node.accelerators].sort((a, b) => compareIds(a.acceleratorId, b.acceleratorId));
  return { ...node, accelerators };
}
