import { healthy } from './filters/healthy.ts';
import { residencyAllowed } from './filters/residency-allowed.ts';
import { evenWork } from './scorers/even-work.ts';
import { homeGateway } from './scorers/home-gateway.ts';
import { prefixAffinity } from './scorers/prefix-affinity.ts';
import type { Filter, Scorer } from './stages.ts';

/** All stages there are, filters in the order in which they are asked. */
export const FILTERS: readonly Filter[] = [residencyAllowed, healthy];
export const SCORERS: readonly Scorer[] = [prefixAffinity, evenWork, homeGateway];
