import type { Reason } from './decision.ts';

/** A count on its way through the rules, with what each rule did to it. */
export class Steps {
  readonly reasons: Reason[] = [];
  replicas = 0;

  /** The rule wants at least so many; said only where it makes a difference. */
  atLeast(rule: string, replicas: number, text: string): void {
    if (replicas > this.replicas) this.exactly(rule, replicas, text);
  }

  exactly(rule: string, replicas: number, text: string): void {
    this.replicas = replicas;
    this.reasons.push({ rule, replicas, text });
  }
}
