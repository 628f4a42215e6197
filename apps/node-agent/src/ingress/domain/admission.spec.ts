import { type AskedReplica, refusalOf } from './admission.ts';

const NOW = 1_000_000;
const serving: AskedReplica = { state: 'ready', gatewayGroups: ['default'], runningRequests: 1, concurrency: 2 };

describe('refusalOf', () => {
  it.each<
    [string, Partial<AskedReplica> | undefined, Partial<{ gatewayGroup: string; admittedAtMs: number }>, unknown]
  >([
    ['all well', {}, {}, undefined],
    ['nobody knows the replica', undefined, {}, 'unknown_replica'],
    ['another group', {}, { gatewayGroup: 'other' }, 'wrong_group'],
    ['another group learns nothing of the state', { state: 'draining' }, { gatewayGroup: 'other' }, 'wrong_group'],
    ['30 s old', {}, { admittedAtMs: NOW - 30_000 }, undefined],
    ['older than 30 s', {}, { admittedAtMs: NOW - 30_001 }, 'stale_admission'],
    ['from the future', {}, { admittedAtMs: NOW + 30_001 }, 'stale_admission'],
    ['no time at all', {}, { admittedAtMs: Number.NaN }, 'stale_admission'],
    ['draining', { state: 'draining' }, {}, 'draining'],
    ['loading', { state: 'not_ready' }, {}, 'not_ready'],
    ['full', { runningRequests: 2 }, {}, 'busy'],
    ['over-full', { runningRequests: 3 }, {}, 'busy'],
  ])('%s', (_, replica, caller, refusal) => {
    const asked = replica && { ...serving, ...replica };
    expect(refusalOf(asked, { gatewayGroup: 'default', admittedAtMs: NOW, ...caller }, NOW)).toBe(refusal);
  });
});
