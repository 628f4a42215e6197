import { milliOf } from '../amounts.ts';
import { type AcceleratorSnapshot, type NodeSnapshot, placeableAccelerators } from '../cluster/node.ts';
import type { RequestShape } from '../request.ts';
import type { DemandMix } from './demand-mix.ts';
import { type KindTables, kindTables } from './kind-tables.ts';
import { capacityOf, type ModelCapacity, modelPrices, sumOf } from './model-prices.ts';

/** What decides how a node's free capacity is judged: it stays while the node fills. */
interface Scale {
  readonly tables: KindTables;
  readonly price: number;
  /** Memory of an accelerator, that of a mean accelerator being 1. */
  readonly size: number;
}

/** A node as far as its worth goes. */
interface State extends Scale {
  readonly accelerators: readonly AcceleratorSnapshot[];
  /** Thousandths of each that are free. */
  readonly free: readonly number[];
  readonly worth: number;
}

/**
 * Weighs what the requests to come can use of a node against what its holes are worth. It breaks ties between equally
 * good holes by keeping nodes whole and cores with accelerators; above 0.1 it would undo the pricing of holes.
 */
const USABLE_WEIGHT = 0.1;
/** Thousandths of an accelerator per thousandth of a core: 11 cores, a usual need, add 0.44 of an accelerator. */
const CPU_WEIGHT = 0.04;

/**
 * What free capacity is worth, given the requests to come. Never changes: another demand is another valuation.
 *
 *     worth(node) = sum over accelerators of holes(free) + 0.1 x usable(free, cores)
 *                 + 0.04 x min(free cores, cores that go with the free accelerators in the mean)
 *                 + price(model) x free
 *
 * in thousandths of an accelerator, and larger accelerators count for more in proportion to their memory. A placement costs worth before minus worth after; the cheapest place leaves most for
 * others. Intent of the third term: cores beyond what accelerators need are worth nothing, so whoever needs many of them
 * goes where they abound, and nodes do not run out of the one with the other left over.
 * Accelerators of one node count as alike: the first says of which kind they are.
 */
export class Valuation {
  readonly #mix: DemandMix;
  readonly #prices: ReadonlyMap<string, number>;
  readonly #meanBytes: number;
  /** Caches: what they hold follows from mix and prices. */
  readonly #tables = new Map<number, KindTables>();
  readonly #states = new WeakMap<NodeSnapshot, State>();
  #lastNode: NodeSnapshot | undefined;
  #lastState: State | undefined;
  readonly #scratch: number[] = [];

  constructor(mix: DemandMix, capacity: ReadonlyMap<string, ModelCapacity>) {
    this.#mix = mix;
    this.#prices = modelPrices(mix, capacity);
    const { accelerators, memoryBytes } = sumOf(capacity.keys(), capacity);
    this.#meanBytes = accelerators === 0 ? 1 : memoryBytes / accelerators;
  }

  /** In thousandths of an accelerator, with a fraction; more free capacity is never worth less. */
  worthOf(node: NodeSnapshot): number {
    return this.#stateOf(node).worth;
  }

  /** By how much less the node is worth with the request on these of its accelerators; never negative. */
  lossOf(node: NodeSnapshot, chosen: readonly AcceleratorSnapshot[], request: RequestShape): number {
    const state = this.#stateOf(node);
    const after = this.#after(state, chosen, request);
    return state.worth - worth(state, after, node.cpuMilli.free - request.cpuMilli);
  }

  #after({ accelerators, free }: State, chosen: readonly AcceleratorSnapshot[], request: RequestShape): number[] {
    const { exclusive, memoryBytesEach } = request.accelerator;
    const after = this.#scratch;
    after.length = free.length;
    for (let at = 0; at < free.length; at += 1) after[at] = free[at]!;
    for (const each of chosen) {
      const { acceleratorId, freeMemoryBytes, memoryBytes } = each;
      // A MIG slice is another object each time it is looked at.
      const same = accelerators.indexOf(each);
      const at = same >= 0 ? same : accelerators.findIndex((other) => other.acceleratorId === acceleratorId);
      after[at] = exclusive ? 0 : milliOf(freeMemoryBytes - memoryBytesEach, memoryBytes);
    }
    return after;
  }

  #stateOf(node: NodeSnapshot): State {
    if (node === this.#lastNode) return this.#lastState!;
    let state = this.#states.get(node);
    if (state === undefined) this.#states.set(node, (state = this.#judge(node)));
    this.#lastNode = node;
    this.#lastState = state;
    return state;
  }

  #judge(node: NodeSnapshot): State {
    const accelerators = placeableAccelerators(node);
    const [first] = accelerators;
    const bytes = first?.memoryBytes ?? this.#meanBytes;
    const tables = this.#tablesOf(bytes);
    const price = this.#prices.get(first?.model ?? '') ?? 0;
    const size = bytes / this.#meanBytes;
    const free = accelerators.map(({ healthy, freeMemoryBytes, memoryBytes }) =>
      healthy ? milliOf(freeMemoryBytes, memoryBytes) : 0,
    );
    return { tables, price, size, accelerators, free, worth: worth({ tables, price, size }, free, node.cpuMilli.free) };
  }

  #tablesOf(memoryBytes: number): KindTables {
    let tables = this.#tables.get(memoryBytes);
    if (tables === undefined) this.#tables.set(memoryBytes, (tables = kindTables(this.#mix, memoryBytes)));
    return tables;
  }
}

/** How these nodes are to be judged under this demand; `PRIOR_DEMAND` while nothing has arrived. */
export function valuationOf(nodes: readonly NodeSnapshot[], mix: DemandMix): Valuation {
  return new Valuation(mix, capacityOf(nodes));
}

function worth({ tables, price, size }: Scale, free: readonly number[], cpuMilli: number): number {
  let total = 0;
  let holes = 0;
  for (const hole of free) {
    total += hole;
    holes += tables.holes[hole]!;
  }
  const cpuOfUse = Math.min(cpuMilli, tables.cpuPerMilli * total);
  const usable = tables.usable.of(free, cpuMilli);
  return size * (holes + USABLE_WEIGHT * usable + CPU_WEIGHT * cpuOfUse + price * total);
}
