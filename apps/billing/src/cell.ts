import type { Clock } from '@ostro/kernel';

/** The cell this process serves, and its time: a class, so that it is its own injection token. */
export class Cell {
  constructor(
    readonly id: string,
    readonly clock: Pick<Clock, 'now'>,
  ) {}
}
