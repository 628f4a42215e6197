import { assertMayBecome, firstState, hasEnded, type ImportState } from './import.ts';
import { failureOf, retryAfterMs } from './import-failure.ts';
import { DomainError } from '@ostro/kernel';

const STATES = ['awaiting_upload', 'transferring', 'verifying', 'published', 'failed', 'cancelled'] as const;
const id = 'imp_00000000000070008000000000000000';

const allowed = (from: ImportState): ImportState[] =>
  STATES.filter((next) => {
    try {
      assertMayBecome({ id, state: from }, next);
      return true;
    } catch {
      return false;
    }
  });

describe('an import', () => {
  it('goes from state to state by this table', () => {
    expect(Object.fromEntries(STATES.map((state) => [state, allowed(state)]))).toEqual({
      awaiting_upload: ['verifying', 'failed', 'cancelled'],
      transferring: ['verifying', 'failed', 'cancelled'],
      verifying: ['published', 'failed', 'cancelled'],
      published: [],
      failed: [],
      cancelled: [],
    });
  });

  it('has ended when nothing may follow, and says so', () => {
    expect(STATES.filter((state) => hasEnded({ state }))).toEqual(['published', 'failed', 'cancelled']);
    expect(() => assertMayBecome({ id, state: 'published' }, 'cancelled')).toThrow(/ended as published/);
    expect(() => assertMayBecome({ id, state: 'transferring' }, 'published')).toThrow(/watch it/);
  });

  it('waits for a client only where a client has the bytes', () => {
    expect(firstState({ kind: 'upload', files: [] })).toBe('awaiting_upload');
    expect(firstState({ kind: 'packaged', name: 'x' })).toBe('transferring');
  });
});

describe('a failure', () => {
  const lasting = new DomainError('INVALID_ARGUMENT', 'GGUF_MAGIC', 'no');
  const passing = new DomainError('UNAVAILABLE', 'SOURCE_BUSY', 'later');

  it('ends an import at once only where trying again cannot help', () => {
    expect(failureOf(lasting, 1)).toEqual({ reason: 'GGUF_MAGIC', message: 'no' });
    expect(failureOf(passing, 7)).toBeUndefined();
    expect(failureOf(passing, 8)).toEqual({ reason: 'SOURCE_BUSY', message: 'later' });
  });

  it('of an unforeseen kind is tried again, then shown without what only the log may hold', () => {
    const bug = new TypeError('password=secret');
    expect(failureOf(bug, 1)).toBeUndefined();
    expect(failureOf(bug, 8)).toMatchObject({ reason: 'INTERNAL' });
    expect(JSON.stringify(failureOf(bug, 8))).not.toContain('secret');
    expect(failureOf(Object.assign(new Error('x'), { code: 'ENOSPC' }), 8)).toMatchObject({ reason: 'STORAGE_FULL' });
  });

  it('is followed by ever longer pauses', () => {
    expect([1, 2, 3, 7, 20].map(retryAfterMs)).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  });
});
