import { Appraisal } from './appraisal.ts';
import type { ClusterSnapshot } from './cluster/cluster-snapshot.ts';
import type { Layout } from './cluster/layout.ts';
import type { Profile } from './profile.ts';
import { Ranking } from './ranking.ts';
import { type PlacementRequest, shapeKey } from './request.ts';

const MOST_BYTES = 128 * 2 ** 20;
/** Of a ranking that was refused once: 894 shapes over 10,000 nodes. */
const BYTES_PER_NODE = 15;

/** The rankings of one lineage under one profile, the last one asked for at the end. */
class Rankings {
  readonly #byShape = new Map<string, { ranking: Ranking; askedAt: number }>();
  readonly #most: number;
  readonly #oldest: number;
  #asked = 0;

  constructor({ size }: Layout) {
    this.#most = Math.max(1, Math.floor(MOST_BYTES / (BYTES_PER_NODE * Math.max(1, size))));
    this.#oldest = 4 * size + 64;
  }

  of(request: PlacementRequest, snapshot: ClusterSnapshot, profile: Profile): Ranking {
    const shape = shapeKey(request);
    const known = this.#byShape.get(shape)?.ranking;
    // Taken out while it changes: should a scorer throw, what is half done is not asked again.
    this.#byShape.delete(shape);
    const isCurrent = known !== undefined && known.appraisal.context === snapshot.context;
    const ranking = isCurrent ? known : new Ranking(new Appraisal(request, profile, snapshot.context), snapshot);
    if (isCurrent) ranking.follow(snapshot);
    this.#asked += 1;
    this.#byShape.set(shape, { ranking, askedAt: this.#asked });
    this.#forget();
    return ranking;
  }

  /** One not asked for in so long saves nothing over a new one, and keeps dead nodes in memory. */
  #forget(): void {
    for (const [shape, { askedAt }] of this.#byShape) {
      if (this.#byShape.size <= this.#most && this.#asked - askedAt <= this.#oldest) return;
      this.#byShape.delete(shape);
    }
  }
}

const rankings = new WeakMap<Profile, WeakMap<Layout, Rankings>>();

/**
 * The ranking for the request's shape, brought to the snapshot. A cache and nothing else: what it answers depends on
 * its arguments alone, and it goes when the lineage goes.
 */
export function rankingOf(request: PlacementRequest, snapshot: ClusterSnapshot, profile: Profile): Ranking {
  const { layout } = snapshot;
  let ofProfile = rankings.get(profile);
  if (ofProfile === undefined) rankings.set(profile, (ofProfile = new WeakMap()));
  let ofLineage = ofProfile.get(layout);
  if (ofLineage === undefined) ofProfile.set(layout, (ofLineage = new Rankings(layout)));
  return ofLineage.of(request, snapshot, profile);
}
