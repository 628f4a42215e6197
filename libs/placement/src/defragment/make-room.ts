import type { Id } from '@ostro/kernel';
import { compareIds } from '../amounts.ts';
import { taken, withMember } from '../cluster/apply.ts';
import type { ClusterSnapshot } from '../cluster/cluster-snapshot.ts';
import { type NodeSnapshot, placeableAccelerators } from '../cluster/node.ts';
import { released } from '../cluster/release.ts';
import type { Member } from '../decision.ts';
import type { Profile } from '../profile.ts';
import { rankingOf } from '../rankings.ts';
import { type PlacementRequest, shapeKey } from '../request.ts';
import { bytesOf, type Displacement, displacementOn } from './displacement.ts';
import { type Move, moveOf } from './move.ts';

/** How to place, and how many moves there may be. */
export interface RoomLimits {
  readonly moves: number;
  readonly profile: Profile;
  readonly seed: number;
}

/** A waiting request and the place it has once the moves are made. */
export interface Admitted extends Member {
  readonly replicaId: Id<'rep'>;
  /** Made for this request alone. */
  readonly moves: number;
}

export interface Room {
  readonly cluster: ClusterSnapshot;
  readonly moves: readonly Move[];
  /** Of each move, the request it is made for. */
  readonly admits: readonly Id<'rep'>[];
  readonly admitted: readonly Admitted[];
}

/** Nodes that are emptied in thought for one request: those with most free accelerator memory. */
const NODES_TRIED = 64;
/** Displacements whose replicas are looked another place for. */
const DISPLACEMENTS_TRIED = 8;

/**
 * Makes room for waiting requests, the most accelerator memory first, ties by id: of the nodes where the fewest replicas
 * are in the way, the first whose replicas all have a place elsewhere. One that fits already needs no move. A shape that
 * found no room is not tried again, since room only gets less. Gangs are left to `place`.
 */
export function makeRoom(snapshot: ClusterSnapshot, waiting: readonly PlacementRequest[], limits: RoomLimits): Room {
  const room = {
    cluster: snapshot,
    moves: [] as Move[],
    admits: [] as Id<'rep'>[],
    admitted: [] as Admitted[],
  };
  const hopeless = new Set<string>();
  const biggestFirst = [...waiting].sort((a, b) => bytesOf(b) - bytesOf(a) || compareIds(a.replicaId, b.replicaId));
  for (const request of biggestFirst) {
    const shape = shapeKey(request);
    if (request.gang !== undefined || hopeless.has(shape)) continue;
    const found = roomFor(request, room.cluster, { ...limits, moves: limits.moves - room.moves.length });
    if (found === undefined) {
      hopeless.add(shape);
      continue;
    }
    const { nodeId, acceleratorIds } = found.member;
    room.cluster = withGuest(found.cluster, request, found.member);
    room.admitted.push({ replicaId: request.replicaId, nodeId, acceleratorIds, moves: found.moves.length });
    for (const move of found.moves) {
      room.moves.push(move);
      room.admits.push(request.replicaId);
    }
  }
  return room;
}

/** As placed, but without the question: it does not run yet, so the plan must not move it. */
function withGuest(cluster: ClusterSnapshot, request: PlacementRequest, member: Member): ClusterSnapshot {
  const node = taken(cluster.node(member.nodeId)!, request, member);
  const replicas = node.replicas.map((replica) => {
    if (replica.replicaId !== request.replicaId || replica.holding === undefined) return replica;
    const { request: _request, ...holding } = replica.holding;
    return { ...replica, holding };
  });
  return cluster.withNode({ ...node, replicas });
}

interface Found {
  readonly member: Member;
  readonly moves: readonly Move[];
  readonly cluster: ClusterSnapshot;
}

function roomFor(request: PlacementRequest, cluster: ClusterSnapshot, limits: RoomLimits): Found | undefined {
  const [fitting] = rankingOf(request, cluster, limits.profile).best({ seed: limits.seed, limit: 1 });
  if (fitting !== undefined) return { member: fitting, moves: [], cluster };
  if (limits.moves === 0) return undefined;
  const displacements = freestNodes(cluster)
    .flatMap((node) => displacementOn(node, request, limits.profile.filters) ?? [])
    .filter(({ displaced }) => displaced.length > 0 && displaced.length <= limits.moves)
    .sort((a, b) => a.displaced.length - b.displaced.length)
    .slice(0, DISPLACEMENTS_TRIED);
  for (const displacement of displacements) {
    const found = elsewhere(displacement, cluster, limits);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All that are in the way, each where `place` puts it while no one new may come to their node; or nothing. */
function elsewhere(
  { member, displaced }: Displacement,
  cluster: ClusterSnapshot,
  { profile, seed }: RoomLimits,
): Found | undefined {
  const node = cluster.node(member.nodeId)!;
  let moved = cluster.withNode({ ...node, state: 'cordoned' });
  const moves: Move[] = [];
  for (const leaving of displaced) {
    const [to] = rankingOf(leaving.request, moved, profile).best({ seed, limit: 1 });
    if (to === undefined) return undefined;
    moves.push(moveOf(leaving, to));
    moved = withMember(moved, leaving.request, to);
  }
  const emptied = displaced.reduce((rest, { replicaId }) => released(rest, replicaId), node);
  return { member, moves, cluster: moved.withNode(emptied) };
}

function freestNodes(cluster: ClusterSnapshot): readonly NodeSnapshot[] {
  return cluster.nodes
    .map((node) => ({ node, free: freeOf(node) }))
    .sort((a, b) => b.free - a.free)
    .slice(0, NODES_TRIED)
    .map(({ node }) => node);
}

function freeOf(node: NodeSnapshot): number {
  let free = 0;
  for (const { freeMemoryBytes } of placeableAccelerators(node)) free += freeMemoryBytes;
  return free;
}
