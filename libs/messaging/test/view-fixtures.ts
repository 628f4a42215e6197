import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock, type ManualClock } from '@ostro/kernel';
import { beatKey, TopicView, type EventBus, type EventRecord, type TopicViewOptions } from '@ostro/messaging';
import { anEvent } from './builders.ts';

export interface Thing {
  readonly name: string;
  readonly epoch: number;
  readonly generation: number;
}

/** A record of an owner that signs what it writes. */
export function aThing(
  name: string,
  generation: number,
  more: Partial<EventRecord> & { epoch?: number } = {},
): EventRecord {
  const { epoch = 1, ...overrides } = more;
  return anEvent({
    key: name,
    value: Buffer.from(JSON.stringify({ name, epoch, generation })),
    headers: { signature: 'good' },
    ...overrides,
  });
}

export function aBeat(topic: string, partition: number, time: Date): EventRecord {
  return anEvent({ topic, key: beatKey(partition), partition, time, headers: { signature: 'good' } });
}

export const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'ostro-view-'));

/** Never wakes by itself: what happens in a test is caused by it. */
export const sleepUntilAborted = (_ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });

export function thingView(
  bus: EventBus,
  directory: string,
  more: Partial<TopicViewOptions<Thing>> = {},
): { view: TopicView<Thing>; errors: unknown[]; clock: ManualClock } {
  const errors: unknown[] = [];
  const clock = manualClock();
  const view = new TopicView<Thing>({
    bus,
    topic: 'test.thing.v1',
    directory,
    clock,
    codec: ({ value }) => {
      const thing = JSON.parse(Buffer.from(value).toString()) as Thing & { ofOtherKind?: boolean };
      if (thing.ofOtherKind === true) return undefined;
      const generation = { epoch: BigInt(thing.epoch), generation: BigInt(thing.generation) };
      return { key: thing.name, generation, value: thing };
    },
    verify: ({ headers }) => headers?.signature === 'good',
    maxRecordBytes: 1_000,
    sleep: sleepUntilAborted,
    onError: (error) => errors.push(error),
    ...more,
  });
  return { view, errors, clock };
}
