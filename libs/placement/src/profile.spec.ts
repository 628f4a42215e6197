import { aCluster, aNode, aRequest, nodeId, placed } from '../test/builders.ts';
import { place } from './place.ts';
import { DEFAULT_PROFILE, parseProfile } from './profile.ts';
import { FILTERS } from './registry.ts';

describe('profile', () => {
  const filters = FILTERS.map(({ name }) => name);
  const scorers = [{ name: 'cost', weight: 1 }];

  it('changes the choice by its weights', () => {
    const cheap = aNode({ nodeId: nodeId(1), pricePerHourMilliEuro: 1000 });
    const warm = aNode({
      nodeId: nodeId(2),
      pricePerHourMilliEuro: 4000,
      cachedModelDigests: { vram: [], hostRam: [], disk: ['sha256:model'] },
    });
    const chosenBy = (cost: number, cached: number) => {
      const weighted = [
        { name: 'cost', weight: cost },
        { name: 'weights-cached', weight: cached },
      ];
      return placed(
        place(aRequest(), aCluster(cheap, warm), parseProfile({ name: 'x', filters, scorers: weighted }), 1),
      );
    };
    expect(chosenBy(3, 1).nodeId).toBe(cheap.nodeId);
    expect(chosenBy(1, 3).nodeId).toBe(warm.nodeId);
  });

  it('may leave out a filter that keeps no promise', () => {
    const fewer = filters.filter((name) => name !== 'taints-tolerated');
    expect(parseProfile({ name: 'x', filters: fewer, scorers }).filters.map(({ name }) => name)).toEqual(fewer);
  });

  it('has the same digest input for the same profile, and another for another', () => {
    const parsed = parseProfile({ scorers, filters, name: 'x' });
    expect(parsed.digestInput).toBe(parseProfile({ name: 'x', filters, scorers }).digestInput);
    expect(parsed.digestInput).not.toBe(
      parseProfile({ name: 'x', filters, scorers: [{ name: 'cost', weight: 2 }] }).digestInput,
    );
    expect(DEFAULT_PROFILE.name).toBe('default');
  });

  it.each<[string, unknown, RegExp]>([
    ['no mapping', 'default', /profile must be a mapping/],
    ['nothing', null, /profile must be a mapping/],
    ['no name', { filters, scorers }, /name must be a text/],
    ['an unknown key', { name: 'x', filters, scorers, scorer: [] }, /unknown key "scorer"/],
    ['filters that are no list', { name: 'x', filters: {}, scorers }, /filters must be a list/],
    [
      'an unknown filter',
      { name: 'x', filters: ['ready', ...filters], scorers },
      /filters\[0\] "ready" is unknown; known are residency-allowed, /,
    ],
    ['a filter twice', { name: 'x', filters: ['healthy', ...filters], scorers }, /names healthy twice/],
    ['no residency', { name: 'x', filters: filters.slice(1), scorers }, /must contain residency-allowed/],
    ['counting too early', { name: 'x', filters: filters.toReversed(), scorers }, /must end with accelerator-count/],
    ['no scorer', { name: 'x', filters, scorers: [] }, /at least one scorer/],
    [
      'an unknown scorer',
      { name: 'x', filters, scorers: [{ name: 'price', weight: 1 }] },
      /scorers\[0\].name "price" is unknown/,
    ],
    ['a scorer twice', { name: 'x', filters, scorers: [...scorers, ...scorers] }, /names cost twice/],
    [
      'a missing weight',
      { name: 'x', filters, scorers: [{ name: 'cost' }] },
      /scorers\[0\].weight must be .*, not undefined/,
    ],
    ['a negative weight', { name: 'x', filters, scorers: [{ name: 'cost', weight: -1 }] }, /not -1/],
    ['a fraction', { name: 'x', filters, scorers: [{ name: 'cost', weight: 0.5 }] }, /not 0.5/],
    ['NaN', { name: 'x', filters, scorers: [{ name: 'cost', weight: Number.NaN }] }, /not NaN/],
    ['a weight in quotes', { name: 'x', filters, scorers: [{ name: 'cost', weight: '1' }] }, /weight must be/],
    ['a key too many', { name: 'x', filters, scorers: [{ name: 'cost', weight: 1, boost: 2 }] }, /unknown key "boost"/],
  ])('refuses %s', (_name, input, message) => {
    expect(() => parseProfile(input)).toThrow(message);
  });
});
