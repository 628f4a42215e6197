import { type ApiKey, assertUsable, checkedModels, regranted, revoked, type RevocationReason } from './api-key.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const LATER = new Date('2026-11-23T12:00:00Z');

function aKey(overrides: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'key_1',
    organizationId: 'org_1',
    projectId: 'prj_1',
    principalId: 'prn_1',
    name: 'a key',
    prefix: 'ostro_Ab3d',
    secretSha256: new Uint8Array(32),
    scopes: ['inference', 'manage:*'],
    effectiveScopes: ['inference', 'manage:*'],
    allowedModels: ['*'],
    createdAt: NOW,
    expiresAt: LATER,
    hasLostRights: false,
    generation: 1n,
    ...overrides,
  };
}

describe('revoking', () => {
  it.each<[RevocationReason | undefined, RevocationReason, RevocationReason | 'nothing']>([
    [undefined, 'requested', 'requested'],
    [undefined, 'compromised', 'compromised'],
    ['requested', 'requested', 'nothing'],
    ['requested', 'compromised', 'compromised'],
    ['compromised', 'requested', 'nothing'],
    ['compromised', 'compromised', 'nothing'],
    ['principal_changed', 'compromised', 'compromised'],
  ])('from %s for %s gives %s', (before, reason, after) => {
    const key = aKey(before && { revocation: { reason: before, at: NOW } });
    const changed = revoked(key, reason, LATER);
    expect(changed?.revocation?.reason ?? 'nothing').toBe(after);
    if (changed) expect(changed).toMatchObject({ hasLostRights: true, revocation: { at: LATER } });
  });
});

describe('a new grant', () => {
  it('changes nothing when the scopes stay', () => {
    expect(regranted(aKey(), ['manage:*', 'inference'])).toBeUndefined();
  });

  it('is a loss as soon as one scope goes, and stays one in memory', () => {
    const narrower = regranted(aKey(), ['manage:*'])!;
    expect(narrower).toMatchObject({ effectiveScopes: ['manage:*'], hasLostRights: true });
    expect(regranted(narrower, ['inference', 'manage:*'])).toMatchObject({ hasLostRights: true });
    expect(regranted(aKey({ effectiveScopes: [] }), ['inference'])).toMatchObject({ hasLostRights: false });
  });
});

describe('using', () => {
  it('ends at the very moment of expiry', () => {
    expect(() => assertUsable(aKey(), new Date(LATER.getTime() - 1))).not.toThrow();
    expect(() => assertUsable(aKey(), LATER)).toThrow(expect.objectContaining({ reason: 'KEY_EXPIRED' }));
  });

  it('ends with a revocation, whatever the clock says', () => {
    const key = aKey({ revocation: { reason: 'requested', at: LATER } });
    expect(() => assertUsable(key, NOW)).toThrow(expect.objectContaining({ reason: 'KEY_REVOKED' }));
  });
});

describe('allowed models', () => {
  it('are "*" alone, or names, or none', () => {
    expect(checkedModels(['*'])).toEqual(['*']);
    expect(checkedModels([])).toEqual([]);
    expect(checkedModels(['b', 'a', 'b'])).toEqual(['a', 'b']);
    for (const wrong of [['*', 'a'], [''], ['a b'], ['-a']]) {
      expect(() => checkedModels(wrong)).toThrow(expect.objectContaining({ reason: 'INVALID_ALLOWED_MODELS' }));
    }
  });
});
