import type { IncomingMessage } from 'node:http';
import { manualClock } from '@ostro/kernel';
import { aKnownKey } from '../../test/builders.ts';
import { aSecret } from '../../test/test-cell.ts';
import { digestOf } from '../views/key-record.ts';
import { KeyTable } from '../views/key-table.ts';
import { Callers } from './caller.ts';

const secret = aSecret();
const request = { headers: { authorization: `Bearer ${secret}` } } as IncomingMessage;

function callers(ageMs: number, expiresAt?: Date) {
  const clock = manualClock();
  const key = aKnownKey({ expiresAt });
  const view = {
    get: (digest: string) => (digest === digestOf(secret) ? key : undefined),
    values: () => [key].values(),
    ageMs: () => ageMs,
  };
  const keys = new KeyTable(view, () => undefined);
  return { clock, callers: new Callers({ keys, clock, viewAgeMs: () => ageMs, viewMaxAgeMs: 1_000 }) };
}

describe('a caller', () => {
  it('is known by the digest of the key', () => {
    expect(callers(0).callers.identify(request)).toMatchObject({ keyId: 'key_1' });
  });

  it('is not believed when both channels of keys were silent for too long', () => {
    expect(callers(1_000).callers.identify(request)).toMatchObject({ keyId: 'key_1' });
    expect(callers(1_001).callers.identify(request)).toMatchObject({ status: 503, code: 'view_stale' });
  });

  it('is refused from the instant the key expires', () => {
    const { clock, callers: expiring } = callers(0, new Date(manualClock().now().getTime() + 10));
    clock.advance(9);
    expect(expiring.identify(request)).toMatchObject({ keyId: 'key_1' });
    clock.advance(1);
    expect(expiring.identify(request)).toMatchObject({ status: 401, code: 'invalid_api_key' });
  });
});
