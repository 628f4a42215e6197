import { aRequest, aView } from '../test/builders.ts';
import { DEFAULT_PROFILE, parseProfile, SEPARATE_GATEWAYS_PROFILE } from './profile.ts';
import { FILTERS, SCORERS } from './registry.ts';
import { route } from './route.ts';

describe('routing profile', () => {
  const filters = FILTERS.map(({ name }) => name);
  const scorers = [{ name: 'even-work', weight: 1 }];

  it('changes the choice by its weights', () => {
    const view = aView('a', 'b');
    view.assign(aRequest([1, 2]), 'b');
    view.assign(aRequest([], { inputTokens: 60_000 }), 'b');
    const chosenBy = (prefix: number, work: number) => {
      const weighted = [
        { name: 'prefix-affinity', weight: prefix },
        { name: 'even-work', weight: work },
      ];
      return route(aRequest([1, 2]), view, parseProfile({ name: 'x', filters, scorers: weighted }))[0]!.replicaId;
    };
    expect([chosenBy(1, 1), chosenBy(1, 2)]).toEqual(['b', 'a']);
  });

  it('is there for gateways that hear of each other, and with every scorer for those that do not', () => {
    expect(SEPARATE_GATEWAYS_PROFILE.scorers.map(({ scorer }) => scorer)).toEqual(SCORERS);
    expect(DEFAULT_PROFILE.scorers).toEqual(SEPARATE_GATEWAYS_PROFILE.scorers.slice(0, -1));
  });

  it('has the same digest input for the same profile, and another for another', () => {
    const parsed = parseProfile({ scorers, filters, name: 'x' });
    expect(parsed.digestInput).toBe(parseProfile({ name: 'x', filters, scorers }).digestInput);
    expect(parsed.digestInput).not.toBe(DEFAULT_PROFILE.digestInput);
  });

  it.each([
    [null, 'profile must be a mapping'],
    [{ name: '', filters, scorers }, 'name must be a text that is not empty'],
    [{ name: 'x', filters, scorers, picker: 'best' }, 'profile has the unknown key "picker"; remove it'],
    [{ name: 'x', filters: filters.slice(1), scorers }, 'filters must contain residency-allowed: it keeps a promise'],
    [
      { name: 'x', filters: [...filters, 'warm'], scorers },
      'filters[3] "warm" is unknown; known are residency-allowed',
    ],
    [{ name: 'x', filters, scorers: [] }, 'scorers must name at least one scorer'],
    [{ name: 'x', filters, scorers: [...scorers, ...scorers] }, 'scorers names even-work twice; keep one'],
    [
      { name: 'x', filters, scorers: [{ name: 'even-work' }] },
      'scorers[0].weight must be a whole number from 0 to 1000',
    ],
    [{ name: 'x', filters, scorers: [{ name: 'even-work', weight: 0.5 }] }, 'not 0.5'],
  ])('refuses %j', (input, message) => {
    expect(() => parseProfile(input)).toThrow(`routing profile: `);
    expect(() => parseProfile(input)).toThrow(message);
  });
});
