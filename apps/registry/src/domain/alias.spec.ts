import { movedBy, pointedAt } from './alias.ts';

const [A, B] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`] as const;
const held = { name: 'production', digest: A, generation: 3n };

describe('an alias', () => {
  it('moves for whoever saw it as it is', () => {
    expect(movedBy(held, { name: 'production', digest: B, expectedGeneration: 3n })).toEqual({
      ...held,
      digest: B,
      generation: 4n,
    });
    expect(movedBy(undefined, { name: 'new', digest: A, expectedGeneration: 0n }).generation).toBe(1n);
  });

  it.each([
    [held, 0n],
    [held, 2n],
    [held, 4n],
    [undefined, 1n],
  ])('%# stays for whoever did not', (current, expectedGeneration) => {
    expect(() => movedBy(current, { name: 'production', digest: B, expectedGeneration })).toThrow(
      expect.objectContaining({ code: 'ABORTED', reason: 'ALIAS_MOVED' }),
    );
  });

  it('follows an import, without a move where it points there already', () => {
    expect(pointedAt(held, 'production', B)).toEqual({ name: 'production', digest: B, generation: 4n });
    expect(pointedAt(undefined, 'default', A)).toEqual({ name: 'default', digest: A, generation: 1n });
    expect(pointedAt(held, 'production', A)).toBeUndefined();
  });
});
