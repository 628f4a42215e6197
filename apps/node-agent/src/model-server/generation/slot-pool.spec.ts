import { SlotPool } from './slot-pool.ts';

const nothing = () => 0;
const never = new AbortController().signal;

describe('SlotPool', () => {
  it('hands a slot to the organization whose state saves most', async () => {
    const pool = new SlotPool(3, 0);
    pool.slots[2]!.organization = 'a';
    const slot = await pool.acquire('a', ({ index }) => (index === 2 ? 40 : 0), never);
    expect(slot.index).toBe(2);
  });

  it('never counts the state of another organization', async () => {
    const pool = new SlotPool(2, 0);
    pool.slots[1]!.organization = 'b';
    expect((await pool.acquire('a', () => 100, never)).index).toBe(0);
  });

  it('overwrites the state that was unused for longest when none is empty', async () => {
    const pool = new SlotPool(2, 0);
    for (const slot of pool.slots) Object.assign(slot, { organization: 'b', lastUsed: 10 - slot.index });
    expect((await pool.acquire('a', nothing, never)).index).toBe(1);
  });

  it('lets a bounded number wait, in order, and refuses the rest as busy', async () => {
    const pool = new SlotPool(1, 2);
    const first = await pool.acquire('a', nothing, never);
    const order: string[] = [];
    const waiting = ['b', 'c'].map((organization) =>
      pool.acquire(organization, nothing, never).then((slot) => {
        order.push(organization);
        pool.release(slot);
      }),
    );
    await expect(pool.acquire('d', nothing, never)).rejects.toMatchObject({ reason: 'BUSY' });
    pool.release(first);
    await Promise.all(waiting);
    expect(order).toEqual(['b', 'c']);
    expect(pool.running).toBe(0);
  });

  it('forgets a waiting request that is cancelled', async () => {
    const pool = new SlotPool(1, 1);
    const first = await pool.acquire('a', nothing, never);
    const cancel = new AbortController();
    const waiting = pool.acquire('b', nothing, cancel.signal);
    cancel.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    pool.release(first);
    expect([pool.waiting, pool.running]).toEqual([0, 0]);
  });
});
