import { DomainError } from '@ostro/kernel';
import { isAmount, isComputeCapability, MAX_ACCELERATOR_BYTES, MAX_CPU_MILLI, MAX_HOST_BYTES } from '../amounts.ts';
import type { AcceleratorSnapshot, Amount, NodeSnapshot } from './node.ts';
import { placeableAccelerators } from './node.ts';

/** A million euros an hour. */
const MAX_PRICE_MILLI_EURO = 10 ** 9;

/**
 * Holds a node to what the engine relies on. Run it where a report enters, so that one broken agent costs one node;
 * `ClusterSnapshot.of` runs it again because a wrong number here would over-allocate silently.
 * @throws DomainError INVALID_ARGUMENT (INVALID_NODE_SNAPSHOT) naming node and field.
 */
export function checkNode(node: NodeSnapshot): void {
  if (node.nodeId.length === 0) throw invalid(node, 'nodeId', 'must not be empty');
  checkAmount(node, 'cpuMilli', node.cpuMilli, MAX_CPU_MILLI);
  checkAmount(node, 'hostMemoryBytes', node.hostMemoryBytes, MAX_HOST_BYTES);
  const price = node.pricePerHourMilliEuro;
  if (price !== undefined && !isAmount(price, MAX_PRICE_MILLI_EURO)) {
    throw invalid(node, 'pricePerHourMilliEuro', `must be a whole number of milli-euro, not ${price}`);
  }
  for (const accelerator of node.accelerators) checkAccelerator(node, accelerator);
  checkUnique(node);
}

function checkAccelerator(node: NodeSnapshot, accelerator: AcceleratorSnapshot): void {
  const field = `accelerators[${accelerator.acceleratorId}]`;
  const { memoryBytes, freeMemoryBytes, computeCapability, migSlices = [] } = accelerator;
  if (accelerator.acceleratorId.length === 0 || accelerator.model.length === 0) {
    throw invalid(node, field, 'needs an acceleratorId and a model');
  }
  checkAmount(node, field, { capacity: memoryBytes, free: freeMemoryBytes }, MAX_ACCELERATOR_BYTES);
  for (const slice of migSlices) {
    const amount = { capacity: slice.memoryBytes, free: slice.freeMemoryBytes };
    checkAmount(node, `${field}.migSlices[${slice.sliceId}]`, amount, memoryBytes);
  }
  if (computeCapability !== undefined && !isComputeCapability(computeCapability)) {
    throw invalid(node, `${field}.computeCapability`, `must look like "9.0", not "${computeCapability}"`);
  }
}

function checkAmount(node: NodeSnapshot, field: string, { capacity, free }: Amount, max: number): void {
  if (!isAmount(capacity, max)) {
    throw invalid(node, field, `capacity must be a whole number from 0 to ${max}, not ${capacity}`);
  }
  if (!isAmount(free, capacity)) {
    throw invalid(node, field, `free must be a whole number from 0 to its capacity ${capacity}, not ${free}`);
  }
}

function checkUnique(node: NodeSnapshot): void {
  const seen = new Set<string>();
  for (const { acceleratorId } of [...node.accelerators, ...slicesOf(node)]) {
    if (seen.has(acceleratorId)) throw invalid(node, 'accelerators', `lists ${acceleratorId} twice`);
    seen.add(acceleratorId);
  }
}

function slicesOf(node: NodeSnapshot): readonly AcceleratorSnapshot[] {
  const parents = new Set<AcceleratorSnapshot>(node.accelerators);
  return placeableAccelerators(node).filter((accelerator) => !parents.has(accelerator));
}

function invalid(node: NodeSnapshot, field: string, problem: string): DomainError {
  return new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_NODE_SNAPSHOT',
    `node ${node.nodeId}: ${field} ${problem}; correct the node's report or leave the node out of the snapshot`,
    { details: { nodeId: node.nodeId, field } },
  );
}
