import { type ManualClock, manualClock } from '@ostro/kernel';
import { type Visitor, WaitingRoom } from './waiting-room.ts';

const NEVER = new AbortController().signal;

describe('the waiting room', () => {
  let clock: ManualClock;
  let moved: number;
  const onMoved = () => void (moved += 1);
  beforeEach(() => {
    clock = manualClock(new Date('2026-06-01T12:00:00Z'));
    moved = 0;
  });

  const roomOf = (mostRequests: number, mostBytes = 1_000) => new WaitingRoom({ mostBytes, mostRequests }, clock);

  it('holds so many requests, and lets the next one in when one has left', () => {
    const room = roomOf(2);
    const visitors = Array.from({ length: 3 }, () => room.visitor('dep_1', 1, onMoved));
    expect(visitors.map((visitor) => visitor.enter())).toEqual([true, true, false]);
    visitors[0]!.leave();
    expect([visitors[2]!.enter(), room.size]).toEqual([true, 2]);
  });

  it('holds so many bytes', () => {
    const room = roomOf(10, 100);
    const [big, small] = [room.visitor('dep_1', 80, onMoved), room.visitor('dep_1', 30, onMoved)];
    expect([big.enter(), small.enter()]).toEqual([true, false]);
    big.leave();
    expect(small.enter()).toBe(true);
  });

  it('counts a visitor once however often it comes and goes, and says so each time it really does', () => {
    const room = roomOf(10);
    const visitor = room.visitor('dep_1', 1, onMoved);
    for (const step of ['enter', 'enter', 'leave', 'leave', 'enter'] as const) visitor[step]();
    expect([room.waitingFor('dep_1'), room.size, moved]).toEqual([1, 1, 3]);
  });

  it('tells deployments apart, and how long the oldest of each waits, from when it came first', () => {
    const room = roomOf(10);
    const old = room.visitor('dep_1', 1, onMoved);
    old.enter();
    clock.advance(3_000);
    room.visitor('dep_1', 1, onMoved).enter();
    // It was with a replica meanwhile, in vain.
    old.leave();
    clock.advance(2_000);
    expect(room.oldestWaitMs('dep_1')).toBe(2_000);
    old.enter();
    expect(room.oldestWaitMs('dep_1')).toBe(5_000);
    expect([room.waitingFor('dep_2'), room.oldestWaitMs('dep_2')]).toEqual([0, 0]);
  });

  it('wakes who came first when a place becomes free, even if it has come in last', async () => {
    const room = roomOf(10);
    const order: string[] = [];
    const first = room.visitor('dep_1', 1, onMoved);
    clock.advance(1);
    const second = room.visitor('dep_1', 1, onMoved);
    const sleep = async (name: string, visitor: Visitor) => {
      visitor.enter();
      await visitor.wait(NEVER);
      order.push(name);
    };
    const both = [sleep('second', second), sleep('first', first)];
    room.placeFreed('dep_2');
    room.placeFreed('dep_1');
    await both[1];
    expect(order).toEqual(['first']);
    room.placeFreed('dep_1');
    await Promise.all(both);
    expect(order).toEqual(['first', 'second']);
  });

  it('lets go at once of who gives up', async () => {
    const room = roomOf(10);
    const leaving = new AbortController();
    const visitor = room.visitor('dep_1', 1, onMoved);
    visitor.enter();
    const waiting = visitor.wait(leaving.signal);
    leaving.abort();
    await waiting;
    visitor.leave();
    expect(room.size).toBe(0);
  });
});
