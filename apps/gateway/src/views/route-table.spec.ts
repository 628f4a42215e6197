import { manualClock } from '@ostro/kernel';
import { aKnownRoute, aReplica, aTarget } from '../../test/builders.ts';
import { RouteTable } from './route-table.ts';

describe('the table of routes', () => {
  it('finds the replicas of both revisions while a roll-out lasts, and none of other weights', () => {
    const table = new RouteTable({ clock: manualClock(), onQuarantine: () => undefined });
    const targets = [
      aTarget([aReplica('old')], { revisionId: 'rev_1' }),
      aTarget([aReplica('new')], { revisionId: 'rev_2' }),
      aTarget([aReplica('other weights')], { revisionId: 'rev_3', modelDigest: 'sha256:2' }),
    ];
    table.apply('ept_1', aKnownRoute('ept_1', { targets }));
    const found = table.replicasOf('ept_1', { deploymentId: 'dep_1', modelDigest: 'sha256:1' });
    expect(found.map(({ replicaId }) => replicaId)).toEqual(['old', 'new']);
  });

  it('takes nothing back for a record that comes late, whichever way the newer one came', () => {
    const table = new RouteTable({ clock: manualClock(), onQuarantine: () => undefined });
    const at = (generation: bigint, replicas: string[]) =>
      aKnownRoute('ept_1', {
        targets: [aTarget(replicas.map((id) => aReplica(id)))],
        generation: { epoch: 1n, generation },
      });
    const found = () => table.replicasOf('ept_1', { deploymentId: 'dep_1', modelDigest: 'sha256:1' });
    table.apply('ept_1', at(7n, ['woken']));
    table.apply('ept_1', at(6n, []));
    expect(found().map(({ replicaId }) => replicaId)).toEqual(['woken']);
    table.apply('ept_1', at(8n, []));
    expect(found()).toEqual([]);
  });

  it('keeps the replicas of every revision that a lost record would take away', () => {
    const table = new RouteTable({ clock: manualClock(), onQuarantine: () => undefined });
    const before = ['rev_1', 'rev_2'].map((revisionId) => aTarget([aReplica(`of ${revisionId}`)], { revisionId }));
    for (let lost = 1; lost <= 5; lost++) table.apply(`ept_${lost}`, aKnownRoute(`ept_${lost}`, { targets: before }));
    const after = before.map((target) => ({ ...target, replicas: [] }));
    for (let lost = 1; lost <= 5; lost++) {
      table.apply(`ept_${lost}`, aKnownRoute(`ept_${lost}`, { targets: after, cause: 'node_lost' }));
    }
    const kept = table.replicasOf('ept_5', { deploymentId: 'dep_1', modelDigest: 'sha256:1' });
    expect(kept.map(({ replicaId }) => replicaId).sort()).toEqual(['of rev_1', 'of rev_2']);
  });
});
