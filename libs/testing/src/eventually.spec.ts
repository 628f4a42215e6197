import { manualClock } from '@ostro/kernel';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  const clock = manualClock();
  const pause = async (ms: number) => clock.advance(ms);

  it('repeats a failing assertion and returns what it returns once it holds', async () => {
    let count = 0;
    const value = await eventually(
      () => {
        if (++count < 3) throw new Error('not yet');
        return 'seen';
      },
      { clock, pause },
    );
    expect([value, count]).toEqual(['seen', 3]);
  });

  it('fails with the last failure when the time is over', async () => {
    let count = 0;
    const failing = eventually(
      () => {
        throw new Error(`failure ${++count}`);
      },
      { clock, pause, withinMs: 100, everyMs: 50 },
    );
    await expect(failing).rejects.toThrow('still failing after 100 ms and 3 attempts, at last with: failure 3');
  });
});
