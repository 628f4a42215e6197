import { API_KEY_LIFETIME, expiryOf, JOIN_TOKEN_LIFETIME } from './lifetime.ts';
import { checkedLabel, checkedSlug } from './names.ts';
import { checkedScopes } from './scopes.ts';
import { checkedSite, type Site } from './site.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const DAY_MS = 86_400_000;

describe('lifetimes', () => {
  it('default to 90 days for keys and 15 minutes for join tokens', () => {
    expect(expiryOf(NOW, 0n, API_KEY_LIFETIME).getTime() - NOW.getTime()).toBe(90 * DAY_MS);
    expect(expiryOf(NOW, 0n, JOIN_TOKEN_LIFETIME).getTime() - NOW.getTime()).toBe(900_000);
  });

  it('end at a year and at an hour', () => {
    expect(expiryOf(NOW, 365n * 86_400n, API_KEY_LIFETIME).getTime() - NOW.getTime()).toBe(365 * DAY_MS);
    for (const [ttl, lifetime] of [
      [365n * 86_400n + 1n, API_KEY_LIFETIME],
      [3_601n, JOIN_TOKEN_LIFETIME],
      [-1n, API_KEY_LIFETIME],
      [2n ** 63n - 1n, API_KEY_LIFETIME],
    ] as const) {
      expect(() => expiryOf(NOW, ttl, lifetime)).toThrow(expect.objectContaining({ reason: 'INVALID_TTL' }));
    }
  });
});

describe('names', () => {
  it('of addresses are 3 to 40 of a-z, 0-9 and "-", a letter first', () => {
    for (const name of ['abc', 'a-1', 'a'.repeat(40)]) expect(checkedSlug(name, 'name')).toBe(name);
    for (const name of ['', 'ab', 'a'.repeat(41), '1ab', '-ab', 'Abc', 'a.b', 'abc\n']) {
      expect(() => checkedSlug(name, 'name')).toThrow(expect.objectContaining({ reason: 'INVALID_NAME' }));
    }
  });

  it('for people are a line of text', () => {
    for (const name of ['x', 'Zoë Ångström', 'ada@example.org', '漢字']) expect(checkedLabel(name, 'name')).toBe(name);
    for (const name of ['', ' x', 'x ', 'a\nb', 'a\u0000', 'a'.repeat(101)]) {
      expect(() => checkedLabel(name, 'name')).toThrow(expect.objectContaining({ details: { field: 'name' } }));
    }
  });
});

describe('scopes', () => {
  it('are known, at least one, and each once', () => {
    expect(checkedScopes(['manage:*', 'inference', 'inference'])).toEqual(['inference', 'manage:*']);
    for (const wrong of [[], ['everything'], ['constructor'], ['manage:']]) {
      expect(() => checkedScopes(wrong)).toThrow(expect.objectContaining({ reason: 'INVALID_SCOPE' }));
    }
  });
});

describe('a site', () => {
  const lyon: Site = { id: 'lyon-1', country: 'FR', operator: 'Acme SA', certifications: ['iso27001'] };

  it('may leave its country open, and says which field is wrong', () => {
    expect(checkedSite({ ...lyon, country: '' })).toMatchObject({ country: '' });
    for (const [wrong, field] of [
      [{ id: '' }, 'site.site_id'],
      [{ id: 'a'.repeat(41) }, 'site.site_id'],
      [{ country: 'fr' }, 'site.country'],
      [{ operator: 'x'.repeat(201) }, 'site.operator'],
      [{ certifications: ['ISO 27001'] }, 'site.certifications'],
    ] as const) {
      expect(() => checkedSite({ ...lyon, ...wrong })).toThrow(expect.objectContaining({ details: { field } }));
    }
  });
});
