import { manualClock } from '@ostro/kernel';
import { ANYWHERE, type Residency } from '@ostro/routing';
import { aReplica } from '../../test/builders.ts';
import type { Replica } from '../domain/route.ts';
import { Prompts } from './prompt.ts';
import { ReplicaChoice, type Routed } from './replica-choice.ts';
import { ReplicaLoads } from './replica-loads.ts';

const NONE = new Set<string>();
const LONG = 'All of the contract, word by word. '.repeat(100);
const prompts = new Prompts(new Uint8Array(32));

function anEdge() {
  const clock = manualClock();
  const loads = new ReplicaLoads(clock);
  const believed: number[] = [];
  const promptTokens = { believed: (_input: number, cached: number) => void believed.push(cached) };
  const choice = new ReplicaChoice({ loads, promptTokens });
  /** Sends it to its best replica and leaves it there. */
  const send = (routed: Routed, replicas: readonly Replica[]) => {
    const replica = choice.pick(routed, replicas, NONE)!;
    loads.begin(replica.replicaId);
    choice.sent(routed, replica);
    return replica.replicaId;
  };
  return { clock, loads, believed, choice, send };
}

function aPrompt(prompt: string, organizationId = 'org_a', deploymentId = 'dep_1', residency = ANYWHERE): Routed {
  const request = { operation: 'completion', model: 'm', isStream: false, askedMaxTokens: undefined } as const;
  return {
    target: { deploymentId, modelDigest: 'sha256:1', contextTokens: 4_096, residency },
    prompt: prompts.read({ ...request, forwarded: { prompt } }, organizationId),
  };
}

describe('the replica of a request', () => {
  const replicas = ['c', 'b', 'a'].map((replicaId) => aReplica(replicaId));

  it('has had least to do, ties by id, for prompts too short to be found again', () => {
    const { send } = anEdge();
    expect(['1', '2', '3'].map((each) => send(aPrompt(each.repeat(500)), replicas))).toEqual(['a', 'b', 'c']);
  });

  it('is the same at a gateway that knows nothing of it', () => {
    const ours = Array.from({ length: 20 }, (_, at) => anEdge().send(aPrompt(`${at} ${LONG}`), replicas));
    const theirs = Array.from({ length: 20 }, (_, at) => anEdge().send(aPrompt(`${at} ${LONG}`), replicas));
    expect(theirs).toEqual(ours);
    expect(new Set(ours).size).toBe(3);
  });

  it('is the one that served the beginning of its prompt', () => {
    const { send, believed } = anEdge();
    const first = send(aPrompt(`${LONG} Who?`), replicas);
    send(aPrompt('x'.repeat(100)), replicas);
    expect(send(aPrompt(`${LONG} When?`), replicas)).toBe(first);
    expect(believed).toEqual([0, 0, 768]);
  });

  it('says nothing of what another organization has cached', () => {
    const { send, believed } = anEdge();
    send(aPrompt(LONG), [aReplica('a')]);
    send(aPrompt(LONG, 'org_b'), [aReplica('a')]);
    send(aPrompt(LONG), [aReplica('a')]);
    expect(believed).toEqual([0, 0, 768]);
  });

  it('was not tried for it before, is not full, and can be dialled', () => {
    const { choice, loads } = anEdge();
    const routed = aPrompt('Hi');
    expect(choice.pick(routed, replicas, new Set(['a', 'b']))?.replicaId).toBe('c');
    for (const replicaId of ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b']) loads.begin(replicaId);
    expect(choice.pick(routed, replicas, NONE)?.replicaId).toBe('c');
    for (let at = 0; at < 4; at += 1) loads.begin('c');
    expect(choice.pick(routed, replicas, NONE)).toBeUndefined();
    loads.end('b');
    expect(choice.pick(routed, replicas, NONE)?.replicaId).toBe('b');
    expect(choice.pick(routed, [aReplica('x', { address: undefined })], NONE)).toBeUndefined();
    expect(choice.pick(routed, [aReplica('a', { concurrency: 0 })], NONE)?.replicaId).toBe('a');
  });

  it.each<[string, Partial<Replica>, Partial<Residency>]>([
    ['in another country', { country: 'US' }, { countries: ['FR', 'DE'] }],
    ['in no country that it says', { country: '' }, { countries: ['FR'] }],
    ['of another operator', { operator: 'other' }, { operators: ['acme'] }],
    ['of no operator that it says', { operator: '' }, { operators: ['acme'] }],
    ['without a certification', { certifications: ['iso27001'] }, { certifications: ['iso27001', 'hds'] }],
  ])('is not one %s, though it is the only one or the best', (_word, elsewhere, residency) => {
    const { choice, send } = anEdge();
    const routed = aPrompt(LONG, 'org_a', 'dep_1', { ...ANYWHERE, ...residency });
    const forbidden = aReplica('a', elsewhere);
    expect(choice.pick(routed, [forbidden], NONE)).toBeUndefined();
    expect(send(aPrompt(LONG), [forbidden])).toBe('a');
    const allowed = aReplica('b', { certifications: ['hds', 'iso27001'] });
    expect(send(routed, [forbidden, allowed])).toBe('b');
    expect(choice.pick(routed, [forbidden, allowed], new Set(['b']))).toBeUndefined();
  });

  it('failed lately only when nothing else is left, and for a while', () => {
    const { choice, loads, clock, send } = anEdge();
    const first = send(aPrompt(LONG), replicas);
    const others = replicas.map(({ replicaId }) => replicaId).filter((replicaId) => replicaId !== first);
    const next = (tried: readonly string[] = []) => choice.pick(aPrompt(LONG), replicas, new Set(tried))?.replicaId;
    expect(next()).toBe(first);
    loads.avoid(first, 10_000);
    expect(others).toContain(next());
    expect(next(others)).toBe(first);
    for (const replicaId of others) for (let at = 0; at < 4; at += 1) loads.begin(replicaId);
    expect(next()).toBe(first);
    for (const replicaId of others) for (let at = 0; at < 4; at += 1) loads.end(replicaId);
    expect(others).toContain(next());
    clock.advance(10_000);
    expect(next()).toBe(first);
  });

  it('is forgotten with its route, and a new one starts with nothing cached', () => {
    const { send, believed } = anEdge();
    send(aPrompt(LONG), [aReplica('a')]);
    send(aPrompt(LONG), [aReplica('b')]);
    send(aPrompt(LONG), [aReplica('a')]);
    send(aPrompt(LONG, 'org_a', 'dep_2'), [aReplica('z')]);
    send(aPrompt(LONG), [aReplica('a')]);
    expect(believed).toEqual([0, 0, 0, 0, 768]);
  });

  it('is counted once however often the request is sent', () => {
    const { choice, believed } = anEdge();
    const routed = aPrompt(LONG);
    const replica = choice.pick(routed, replicas, NONE)!;
    choice.sent(routed, replica);
    choice.sent(routed, aReplica('b'));
    choice.sent(routed, replica);
    expect(believed).toEqual([0]);
  });
});
