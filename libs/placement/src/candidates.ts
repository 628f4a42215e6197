import type { AcceleratorSnapshot, NodeSnapshot } from './cluster/node.ts';
import { compareIds } from './amounts.ts';
import type { RequestShape } from './request.ts';
import type { Candidate } from './stages.ts';

/** Equal accelerators that reach each other fast, in order of id. One without an island is an island of its own. */
export function islandsOf(accelerators: readonly AcceleratorSnapshot[]): readonly (readonly AcceleratorSnapshot[])[] {
  const [first] = accelerators;
  if (first === undefined) return [];
  // Most machines are one island.
  if (accelerators.every((each) => areLinked(first, each))) return [accelerators];
  const islands: AcceleratorSnapshot[][] = [];
  for (const accelerator of accelerators) {
    const island = islands.find(([member]) => areLinked(member!, accelerator));
    if (island === undefined) islands.push([accelerator]);
    else island.push(accelerator);
  }
  return islands;
}

function areLinked(a: AcceleratorSnapshot, b: AcceleratorSnapshot): boolean {
  return a === b || (a.island !== undefined && a.island === b.island && a.model === b.model);
}

/**
 * The choices worth scoring among the accelerators that passed: each different accelerator when one is wanted, the
 * tightest group of each island when more are, the bare node when none is. Twins would score the same, so only the first
 * by id is offered. In order of preference, should they score the same: by id, small islands first.
 */
export function candidatesOn(
  node: NodeSnapshot,
  { accelerator: { count } }: RequestShape,
  accelerators: readonly AcceleratorSnapshot[],
): readonly Candidate[] {
  if (count === 0) return [{ node, accelerators: [] }];
  if (count === 1) return withoutTwins(accelerators).map((accelerator) => ({ node, accelerators: [accelerator] }));
  return islandsOf(accelerators)
    .filter((island) => island.length >= count)
    .sort((a, b) => a.length - b.length)
    .map((island) => ({ node, accelerators: tightest(island, count) }));
}

function withoutTwins(accelerators: readonly AcceleratorSnapshot[]): readonly AcceleratorSnapshot[] {
  const kept: AcceleratorSnapshot[] = [];
  for (const accelerator of accelerators) {
    if (!kept.some((other) => areTwins(other, accelerator))) kept.push(accelerator);
  }
  return kept;
}

function areTwins(a: AcceleratorSnapshot, b: AcceleratorSnapshot): boolean {
  return (
    a.freeMemoryBytes === b.freeMemoryBytes &&
    a.memoryBytes === b.memoryBytes &&
    a.island === b.island &&
    a.model === b.model &&
    a.organizationId === b.organizationId
  );
}

function tightest(island: readonly AcceleratorSnapshot[], count: number): readonly AcceleratorSnapshot[] {
  if (island.length === count) return island;
  const byId = (a: AcceleratorSnapshot, b: AcceleratorSnapshot): number => compareIds(a.acceleratorId, b.acceleratorId);
  return [...island]
    .sort((a, b) => a.freeMemoryBytes - b.freeMemoryBytes || byId(a, b))
    .slice(0, count)
    .sort(byId);
}
