import { healthy } from './filters/healthy.ts';
import { residencyAllowed } from './filters/residency-allowed.ts';
import { untried } from './filters/untried.ts';
import { adapterLoaded } from './scorers/adapter-loaded.ts';
import { conversationHome } from './scorers/conversation-home.ts';
import { evenWork } from './scorers/even-work.ts';
import { fewestRunning } from './scorers/fewest-running.ts';
import { headroom } from './scorers/headroom.ts';
import { homeGateway } from './scorers/home-gateway.ts';
import { prefixAffinity } from './scorers/prefix-affinity.ts';
import { sessionAffinity } from './scorers/session-affinity.ts';
import type { Filter, Scorer } from './stages.ts';

/** All stages there are, filters in the order in which they are asked. */
export const FILTERS: readonly Filter[] = [residencyAllowed, healthy, untried];
export const SCORERS: readonly Scorer[] = [
  prefixAffinity,
  sessionAffinity,
  adapterLoaded,
  headroom,
  evenWork,
  fewestRunning,
  homeGateway,
  conversationHome,
];
