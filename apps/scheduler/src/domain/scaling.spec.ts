import { EMPTY_HISTORY } from '@ostro/autoscaling';
import type { Id } from '@ostro/kernel';
import { aNode, anAutoscaling, after, aReplica, NOW } from '../../test/builders.ts';
import type { Node, ReplicaLoad } from './node.ts';
import type { Replica } from './replica.ts';
import {
  decideScale,
  nextLook,
  NO_DEMAND,
  type Observed,
  outcomeOf,
  REPORT_GOOD_FOR_MS,
  type Scale,
} from './scaling.ts';

const POLICY = anAutoscaling({ minReplicas: 1, maxReplicas: 5, targetPercent: 50, idleTimeoutMs: 60_000 });

/** Ready replicas of a concurrency of 4, each on a node of its own with this load; undefined: its report lacks it. */
function serving(loads: readonly (ReplicaLoad | undefined)[], overrides: Partial<Observed> = {}): Observed {
  const replicas = loads.map(() => aReplica());
  const nodes = replicas.map((replica, index) => nodeOf(replica, loads[index]));
  return {
    wanted: loads.length,
    replicas,
    nodes: new Map(nodes.map((node) => [node.id, node])),
    demand: NO_DEMAND,
    state: undefined,
    concurrency: 4,
    ...overrides,
  };
}

function nodeOf({ id, nodeId }: Replica, load: ReplicaLoad | undefined, overrides: Partial<Node> = {}): Node {
  return aNode({ id: nodeId as Id<'nod'>, loads: load ? { [id]: load } : {}, ...overrides });
}

function load(running: number, begun = running): ReplicaLoad {
  return { running, begun };
}

/** The same deployment looked at again, with another load and all that was remembered. */
function again(observed: Observed, { state, decision }: Scale, next: ReplicaLoad, now: Date): Observed {
  const nodes = observed.replicas.map((replica) => nodeOf(replica, next, { reportedAt: now }));
  return { ...observed, wanted: decision.replicas, nodes: new Map(nodes.map((node) => [node.id, node])), state };
}

describe('demand', () => {
  const rows: [string, Observed, number][] = [
    ['is met by as many as the target share of their concurrency serves', serving([load(4), load(4)]), 4],
    ['never passes the maximum', serving([load(4), load(4)], { demand: { waiting: 90, waitingSince: NOW } }), 5],
    ['counts what gateways hold', serving([load(4)], { demand: { waiting: 2, waitingSince: NOW } }), 3],
    ['keeps what is idle for a while', serving([load(0), load(0), load(0)]), 3],
    ['takes nothing away where a load is not known', serving([load(0), undefined]), 2],
  ];
  it.each(rows)('%s', (_name, observed, expected) => {
    expect(decideScale(POLICY, observed, NOW).decision.replicas).toBe(expected);
  });

  it('wakes what is cold, and no earlier', () => {
    const cold = serving([]);
    const sleepy = { ...POLICY, minReplicas: 0 };
    expect(decideScale(sleepy, cold, NOW).decision.replicas).toBe(0);
    const woken = decideScale(sleepy, { ...cold, demand: { waiting: 1, waitingSince: NOW } }, NOW);
    expect(woken.decision.replicas).toBe(1);
    expect(outcomeOf(woken)).toBe('up');
  });

  it('is not taken for more by a wait that the newest replica has just ended', () => {
    const waiting = { waiting: 1, waitingSince: after(-20_000) };
    const woken = (phaseAt: Date) => {
      const observed = serving([load(0)], { demand: waiting });
      const replicas = observed.replicas.map((replica) => ({ ...replica, phaseAt }));
      return decideScale(POLICY, { ...observed, replicas }, NOW).decision.replicas;
    };
    expect([woken(NOW), woken(after(-10_000))]).toEqual([1, 2]);
  });

  it('lets replicas go once they were not needed for the idle time', () => {
    const busy = serving([load(4), load(4)]);
    const first = decideScale(POLICY, busy, NOW);
    const look = (scale: Scale, ms: number) =>
      decideScale(POLICY, again(busy, scale, load(0, 4), after(ms)), after(ms));
    const idle = look(first, 2_000);
    const early = look(idle, 61_999);
    expect(outcomeOf(early)).toBe('unchanged');
    const late = look(early, 62_000);
    expect(late.decision.replicas).toBe(1);
    expect(outcomeOf(late)).toBe('down');
  });

  it('takes silence for no answer, not for idleness', () => {
    const busy = serving([load(4), load(4)]);
    const first = decideScale(POLICY, busy, NOW);
    const silent = { ...busy, wanted: 4, state: first.state };
    const later = decideScale(POLICY, silent, after(600_000));
    expect(later.decision.replicas).toBe(4);
    expect(outcomeOf(later)).toBe('held');
    expect(later.inputs.signals.running).toBeUndefined();
    const back = decideScale(POLICY, again(busy, later, load(0, 4), after(602_000)), after(602_000));
    expect(back.decision.replicas).toBe(4);
  });

  it('takes a report for good up to its limit', () => {
    const at = (ms: number) => decideScale(POLICY, serving([load(1)]), after(ms)).inputs.signals.running;
    expect([at(REPORT_GOOD_FOR_MS), at(REPORT_GOOD_FOR_MS + 1)]).toEqual([1, undefined]);
  });

  it('sees a request that came and went between two looks', () => {
    const observed = serving([load(0, 7)]);
    const first = decideScale(POLICY, observed, NOW);
    const next = decideScale(POLICY, again(observed, first, load(0, 9), after(2_000)), after(2_000));
    expect(next.inputs.signals).toMatchObject({ running: 1, arrivals: 2 });
  });

  it('counts from zero after an agent has started anew', () => {
    const observed = serving([load(0, 7)]);
    const first = decideScale(POLICY, observed, NOW);
    const next = decideScale(POLICY, again(observed, first, load(0, 3), after(2_000)), after(2_000));
    expect(next.inputs.signals.arrivals).toBe(3);
  });

  it('is not raised by the replica that a rollout runs beyond the wanted number', () => {
    const surging = serving([load(0), load(0)], { wanted: 1 });
    expect(decideScale(POLICY, surging, NOW).decision.replicas).toBe(1);
  });

  it('is not lowered by a replica that failed and is about to be replaced', () => {
    const observed = serving([load(0), load(0)], { wanted: 3 });
    expect(decideScale(POLICY, observed, NOW).decision.replicas).toBe(3);
  });

  it('begins anew where what was kept is of a format that another version wrote', () => {
    const observed = serving([load(4), load(4)]);
    const { state } = decideScale(POLICY, observed, NOW);
    const foreign = { ...state, history: { format: 2 } } as unknown as Scale['state'];
    const fresh = decideScale(POLICY, { ...observed, state: { ...state, history: EMPTY_HISTORY } }, after(2_000));
    expect(decideScale(POLICY, { ...observed, state: foreign }, after(2_000))).toEqual(fresh);
  });

  it('is decided the same from what was kept of it', () => {
    const scale = decideScale(POLICY, serving([load(4), load(4)]), NOW);
    const kept = JSON.parse(JSON.stringify(scale.state)) as Scale['state'];
    expect(kept).toEqual(scale.state);
  });
});

describe('the next look', () => {
  const resync = after(60_000);

  it('is soon while something runs, and never later than planned', () => {
    const scale = decideScale(POLICY, serving([load(1)]), NOW);
    expect(nextLook(scale, resync, NOW)).toEqual(after(2_000));
    expect(nextLook(scale, NOW, NOW)).toEqual(NOW);
  });

  it('is left to whoever wakes what is cold', () => {
    const cold = decideScale({ ...POLICY, minReplicas: 0 }, serving([]), NOW);
    expect(nextLook(cold, resync, NOW)).toEqual(resync);
  });
});
