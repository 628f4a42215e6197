import { EventEmitter } from 'node:events';
import { manualClock } from '@ostro/kernel';
import { endOnSignals } from './end-on-signals.ts';

describe('a Ctrl-C', () => {
  const arranged = () => {
    const signals = new EventEmitter();
    const clock = manualClock();
    let endedAtOnce = 0;
    const end = endOnSignals(signals, clock, () => (endedAtOnce += 1));
    return { signals, clock, end, endedAtOnce: () => endedAtOnce };
  };

  it('stops in order, however many processes pass it on', () => {
    const { signals, clock, end, endedAtOnce } = arranged();
    signals.emit('SIGINT');
    clock.advance(900);
    signals.emit('SIGINT');
    expect(end.signal.reason).toBe('interrupted');
    expect(endedAtOnce()).toBe(0);
  });

  it('ends at once when it is pressed again', () => {
    const { signals, clock, endedAtOnce } = arranged();
    signals.emit('SIGINT');
    clock.advance(1500);
    signals.emit('SIGINT');
    expect(endedAtOnce()).toBe(1);
  });

  it('counts from the signal when something else ended it first', () => {
    const { signals, end, endedAtOnce } = arranged();
    end.abort(new Error('a server died'));
    signals.emit('SIGINT');
    expect(endedAtOnce()).toBe(0);
  });
});
