import { SeededRandom } from '@ostro/kernel';
import { EventHeap } from './event-heap.ts';

it('gives events in order of time, and of equal times in order of scheduling', () => {
  const random = new SeededRandom(1);
  const heap = new EventHeap<{ readonly atMs: number; readonly order: number }>();
  const expected = Array.from({ length: 1000 }, (_, order) => ({ atMs: random.below(50), order }));
  for (const event of expected) heap.push(event.atMs, event);
  expected.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  expect(expected.map(() => heap.pop())).toEqual(expected);
  expect(heap.pop()).toBeUndefined();
  expect(heap.nextMs).toBe(Infinity);
});
