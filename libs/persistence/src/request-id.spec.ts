import { idempotentRequest } from './request-id.ts';

interface Ask {
  requestId: string;
  name: string;
}

const codec = { encode: (ask: Ask) => ({ finish: () => Buffer.from(JSON.stringify(ask)) }) };
const scope = { organizationId: 'org_1', method: '/ostro.test.v1.Echo/Create' };
const of = (ask: Ask) => idempotentRequest(codec, ask, scope);

describe('idempotentRequest', () => {
  it('gives equal fingerprints to what asks for the same, whatever its request id', () => {
    expect(of({ requestId: 'a', name: 'x' })).toEqual({ scope, requestId: 'a', fingerprint: expect.any(String) });
    expect(of({ requestId: 'b', name: 'x' }).fingerprint).toBe(of({ requestId: 'a', name: 'x' }).fingerprint);
    expect(of({ requestId: 'a', name: 'y' }).fingerprint).not.toBe(of({ requestId: 'a', name: 'x' }).fingerprint);
  });

  it.each(['', 'x'.repeat(65)])('refuses the request id "%s"', (requestId) => {
    expect(() => of({ requestId, name: 'x' })).toThrow(expect.objectContaining({ reason: 'INVALID_REQUEST_ID' }));
  });
});
