import { seededIds } from '@ostro/kernel';
import type { EventRecord } from '@ostro/messaging';

const mint = seededIds(1);

/** A plain event; what a test is about it says itself. */
export function anEvent(overrides: Partial<EventRecord> = {}): EventRecord {
  return {
    topic: 'test.thing.v1',
    key: 'rep_1',
    type: 'ostro.test.v1.ThingHappened',
    id: mint('evt'),
    source: 'ostro/test',
    subject: 'rep_1',
    time: new Date('2026-11-22T12:00:00.000Z'),
    value: Buffer.from('payload'),
    ...overrides,
  };
}

export function textOf({ value }: Pick<EventRecord, 'value'>): string {
  return Buffer.from(value).toString();
}
