import { createHash } from 'node:crypto';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { aBeat, aThing, temporaryDirectory, thingView, type Thing } from '../test/view-fixtures.ts';
import { MemoryEventBus, type TopicView, type TopicViewOptions, type ViewChange } from './index.ts';

const TOPIC = 'test.thing.v1';

describe('a view of a compacted topic', () => {
  let bus: MemoryEventBus;
  let directory: string;
  const started: TopicView<Thing>[] = [];

  beforeEach(async () => {
    bus = new MemoryEventBus([{ name: TOPIC, partitions: 2 }]);
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((view) => view.stop()));
    await bus.close();
    await rm(directory, { recursive: true });
  });

  const start = async (more: Partial<TopicViewOptions<Thing>> = {}) => {
    const opened = thingView(bus, directory, more);
    started.push(opened.view);
    await opened.view.start();
    return opened;
  };
  const stop = async (view: TopicView<Thing>): Promise<void> => {
    started.splice(started.indexOf(view), 1);
    await view.stop();
  };
  const generations = (view: TopicView<Thing>) =>
    Object.fromEntries(
      [...view.values()].map(({ name, epoch, generation }) => [name, `${epoch}.${generation}`]).sort(),
    );
  /** Waits for a record behind all others of its partition, so that what was ignored has been read as well. */
  const settle = async (view: TopicView<Thing>): Promise<void> => {
    const marks = [0, 1].map((partition) => aThing(`mark-${Math.random()}`, 1, { partition }));
    await bus.publish(marks);
    await eventually(() => marks.forEach(({ key }) => expect(view.get(key)).toBeDefined()));
    await bus.publish(marks.map((mark) => ({ ...mark, value: new Uint8Array(), tombstone: true })));
    await eventually(() => marks.forEach(({ key }) => expect(view.get(key)).toBeUndefined()));
  };
  const snapshots = async (): Promise<string[]> =>
    (await readdir(directory)).sort().map((name) => join(directory, name));
  const isAway = (): Promise<never> =>
    Promise.reject(new DomainError('UNAVAILABLE', 'BROKER_UNAVAILABLE', 'no broker'));

  it('is ready when it has read to the end, an empty topic included', async () => {
    const empty = await start();
    await empty.view.ready();
    await stop(empty.view);
    await bus.publish([aThing('a', 1), aThing('b', 1), aThing('a', 2)]);
    const { view } = await start();
    await view.ready();
    expect(generations(view)).toEqual({ a: '1.2', b: '1.1' });
    expect(view.size).toBe(2);
  });

  it('ignores what goes back, and lets a higher epoch win over any generation', async () => {
    const { view } = await start();
    await bus.publish([aThing('a', 5), aThing('a', 4), aThing('a', 5), aThing('a', 1, { epoch: 2 }), aThing('a', 9)]);
    await settle(view);
    expect(generations(view)).toEqual({ a: '2.1' });
    expect(view.dropped.outdated).toBe(3);
  });

  it('lets no bad record replace a good one', async () => {
    const { view } = await start();
    await bus.publish([
      aThing('a', 1),
      aThing('a', 2, { headers: { signature: 'forged' } }),
      aThing('a', 3, { headers: undefined }),
      aThing('a', 4, { value: Buffer.from('{') }),
      aThing('a', 5, { value: Buffer.from('{"ofOtherKind":true}') }),
      aThing('a', 6, { value: Buffer.alloc(1_001) }),
      aThing('a', 7, { tombstone: true, headers: { signature: 'forged' } }),
    ]);
    await settle(view);
    expect(generations(view)).toEqual({ a: '1.1' });
    expect(view.dropped).toEqual({ unverified: 3, undecodable: 2, too_large: 1, outdated: 0 });
  });

  it('removes by tombstone, and forgets the old key of a record that now means another', async () => {
    const { view } = await start();
    const changes: ViewChange<Thing>[] = [];
    view.onChange((change) => changes.push(change));
    await bus.publish([
      aThing('a', 1),
      aThing('old-hash', 1, { key: 'key_1' }),
      aThing('new-hash', 2, { key: 'key_1' }),
    ]);
    await bus.publish([aThing('a', 0, { tombstone: true, value: new Uint8Array() })]);
    await settle(view);
    expect(generations(view)).toEqual({ 'new-hash': '1.2' });
    const seen = changes
      .filter(({ key }) => !key.startsWith('mark'))
      .map(({ key, value, previous }) => [key, value?.generation, previous?.generation]);
    expect(seen).toEqual(
      expect.arrayContaining([
        ['a', 1, undefined],
        ['a', undefined, 1],
        ['old-hash', 1, undefined],
        ['old-hash', undefined, 1],
        ['new-hash', 2, undefined],
      ]),
    );
  });

  it('goes on when a listener fails, and tells no listener that has left', async () => {
    const { view, errors } = await start();
    const failure = new Error('listener');
    const heard: string[] = [];
    const leave = view.onChange(() => {
      throw failure;
    });
    view.onChange(({ key }) => heard.push(key));
    await bus.publish([aThing('a', 1)]);
    await eventually(() => expect(heard).toEqual(['a']));
    leave();
    await bus.publish([aThing('b', 1)]);
    await eventually(() => expect(heard).toEqual(['a', 'b']));
    expect(errors).toEqual([failure]);
  });

  it('knows its age by the beats of the partition that is furthest behind', async () => {
    const { view, clock } = await start();
    expect(view.ageMs()).toBe(Infinity);
    await bus.publish([aBeat(TOPIC, 0, clock.now()), aBeat(TOPIC, 1, new Date(clock.now().getTime() - 400))]);
    await eventually(() => expect(view.ageMs()).toBe(400));
    clock.advance(1_000);
    expect(view.ageMs()).toBe(1_400);
    await bus.publish([{ ...aBeat(TOPIC, 1, clock.now()), headers: { signature: 'forged' } }]);
    await bus.publish([aBeat(TOPIC, 1, clock.now())]);
    await eventually(() => expect(view.ageMs()).toBe(1_000));
    expect(view.dropped.unverified).toBe(1);
    expect(view.size).toBe(0);
  });

  describe('with a snapshot', () => {
    const snapshotOf = async (...things: [string, number][]): Promise<void> => {
      const { view } = await start();
      await bus.publish(things.map(([name, generation]) => aThing(name, generation)));
      await settle(view);
      await stop(view);
    };

    it('answers while Kafka is away, and catches up when it is back', async () => {
      await snapshotOf(['a', 1], ['b', 1]);
      await bus.publish([aThing('a', 2)]);
      const partitions = bus.partitions.bind(bus);
      bus.partitions = isAway;
      let wake: () => void = () => undefined;
      const sleep = (): Promise<void> => new Promise((resolve) => (wake = resolve));
      const { view, errors } = await start({ sleep: (ms, signal) => (ms === 60_000 ? untilAborted(signal) : sleep()) });
      await view.ready();
      expect(generations(view)).toEqual({ a: '1.1', b: '1.1' });
      expect(errors).toMatchObject([{ reason: 'BROKER_UNAVAILABLE' }]);
      bus.partitions = partitions;
      await eventually(() => {
        wake();
        expect(generations(view)).toEqual({ a: '1.2', b: '1.1' });
      });
    });

    it('is not ready without one while Kafka is away', async () => {
      bus.partitions = isAway;
      const { view, errors } = await start();
      let isReady = false;
      void view.ready().then(() => (isReady = true));
      await eventually(() => expect(errors).toHaveLength(1));
      expect(isReady).toBe(false);
    });

    it('reads only what came since', async () => {
      await snapshotOf(['a', 1]);
      const before = (await bus.partitions(TOPIC)).map(({ end }) => end);
      await bus.publish([aThing('b', 1, { partition: 0 })]);
      const loaded: (bigint | undefined)[] = [];
      const subscribe = bus.subscribeWithStoredOffsets.bind(bus);
      bus.subscribeWithStoredOffsets = (subscription) =>
        subscribe({
          ...subscription,
          loadOffset: async (topic, partition) => {
            const offset = await subscription.loadOffset(topic, partition);
            loaded[partition] = offset;
            return offset;
          },
        });
      const { view } = await start();
      await view.ready();
      expect(generations(view)).toEqual({ a: '1.1', b: '1.1' });
      await eventually(() => expect(loaded).toEqual(before));
    });

    it.each([
      ['cut short', (path: string) => truncate(path, 100)],
      ['empty', (path: string) => truncate(path, 0)],
      [
        'changed by one letter',
        async (path: string) => writeFile(path, (await readFile(path, 'utf8')).replace('good', 'bad!')),
      ],
    ])('that is %s falls back to the one before it', async (_what, damage) => {
      await snapshotOf(['a', 1]);
      await snapshotOf(['a', 2]);
      const paths = await snapshots();
      await damage(paths.at(-1)!);
      bus.partitions = isAway;
      const { view, errors } = await start();
      await view.ready();
      expect(generations(view)).toEqual({ a: expect.stringMatching(/^1\.[12]$/) as string });
      expect(String(errors[0])).toMatch(/damaged and passed over/);
    });

    it('of a format of the future is passed over', async () => {
      await snapshotOf(['a', 1]);
      for (const path of await snapshots()) await asFormat(99, path);
      const { view, errors } = await start();
      await view.ready();
      expect(generations(view)).toEqual({ a: '1.1' });
      expect(String(errors[0])).toMatch(/format 99 is unknown/);
    });

    it('keeps three generations', async () => {
      for (const generation of [1, 2, 3, 4, 5]) await snapshotOf(['a', generation]);
      expect(await snapshots()).toHaveLength(3);
    });

    it('does not trust what is in it more than what is on the topic', async () => {
      await snapshotOf(['a', 1]);
      bus.partitions = isAway;
      const { view } = await start({ verify: () => false });
      await view.ready();
      expect(view.size).toBe(0);
    });

    it('that is too old is read again from zero, and what was removed meanwhile goes', async () => {
      await snapshotOf(['a', 1], ['b', 1]);
      // The topic as it is after compaction dropped b and then its tombstone.
      const compacted = new MemoryEventBus([{ name: TOPIC, partitions: 2 }]);
      await compacted.publish([aThing('a', 1), aThing('c', 1)]);
      await bus.close();
      bus = compacted;
      const { view } = await start({ maxSnapshotAgeMs: -1 });
      await view.ready();
      await settle(view);
      expect(generations(view)).toEqual({ a: '1.1', c: '1.1' });
    });

    it('whose offsets lie beyond a topic made anew is read again from zero', async () => {
      await snapshotOf(...Array.from({ length: 40 }, (_, n): [string, number] => [`t${n}`, 1]));
      await bus.close();
      bus = new MemoryEventBus([{ name: TOPIC, partitions: 2 }]);
      await bus.publish([aThing('t1', 1, { epoch: 2 })]);
      const { view } = await start();
      await view.ready();
      await settle(view);
      expect(generations(view)).toEqual({ t1: '2.1' });
    });
  });
});

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

async function asFormat(format: number, path: string): Promise<void> {
  const body = (await readFile(path, 'utf8'))
    .split('\n')
    .slice(0, -2)
    .join('\n')
    .replace('"format":1', `"format":${format}`);
  const sha256 = createHash('sha256').update(`${body}\n`).digest('hex');
  await writeFile(path, `${body}\n${JSON.stringify({ sha256 })}\n`);
}
