import type { Request } from './requests.ts';

/**
 * The replica time of a clairvoyant, request by request: nobody waits, the most recently used replica is reused first, and
 * each idle gap costs the cheaper of holding it and starting again just in time.
 *
 *     cost = service times + sum over gaps of min(gap, load), a first start counting as an endless gap
 *
 * It may be asked while a run goes on: it is then the optimum of the requests it has been told.
 */
export class Optimum {
  ms = 0;
  private readonly byModel = new Map<string, { idleSince: number[]; ends: number[] }>();

  private readonly loadMs: number;

  constructor(loadMs: number) {
    this.loadMs = loadMs;
  }

  /** Requests of one model come in order of arrival. */
  add({ atMs, model, serviceMs }: Request): void {
    let replicas = this.byModel.get(model);
    if (replicas === undefined) this.byModel.set(model, (replicas = { idleSince: [], ends: [] }));
    const { idleSince, ends } = replicas;
    while (ends.length > 0 && ends[0]! <= atMs) idleSince.push(ends.shift()!);
    const since = idleSince.pop();
    this.ms += serviceMs + (since === undefined ? this.loadMs : Math.min(atMs - since, this.loadMs));
    const end = atMs + serviceMs;
    let place = ends.length;
    while (place > 0 && ends[place - 1]! > end) place -= 1;
    ends.splice(place, 0, end);
  }
}
