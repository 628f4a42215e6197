/** What free capacity is worth, given the requests to come. Never changes: another demand is another valuation. */
export interface Valuation {
  readonly name: string;
}

/** Nothing has arrived yet: any hole is worth its size. */
export const NO_DEMAND_KNOWN: Valuation = { name: 'no demand known' };
