import { BackOff } from '../../control/domain/back-off.ts';
import { isGivenUp, retryAfterError, retryAfterExit } from './failures.ts';

describe('failures', () => {
  it.each([
    ['cpu_unsupported', 1, true],
    ['bad_arguments', 1, true],
    ['killed', 4, false],
    ['killed', 5, true],
    ['out_of_memory', 5, true],
  ])('a model server that ended with %s, %d in a row: given up is %s', (reason, inARow, given) => {
    expect(isGivenUp(retryAfterExit(reason), inARow)).toBe(given);
  });

  it.each([
    ['UNAVAILABLE', 1_000, false],
    ['DATA_LOSS', 4, false],
    ['DATA_LOSS', 5, true],
    ['RESOURCE_EXHAUSTED', 5, true],
    ['INVALID_ARGUMENT', 1, true],
  ])('a step that failed with %s, %d in a row: given up is %s', (code, inARow, given) => {
    expect(isGivenUp(retryAfterError(code), inARow)).toBe(given);
  });

  it('pauses 1, 2, 4 ... 60 s between tries', () => {
    const backOff = new BackOff({ firstMs: 1_000, mostMs: 60_000 });
    expect([1, 2, 3, 6, 7, 1_000].map((failures) => backOff.pauseMs(failures))).toEqual([
      1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
    ]);
  });

  it('spreads the pauses of a fleet over half their length', () => {
    const pauses = [0, 0.5, 1].map((chance) =>
      new BackOff({ firstMs: 1_000, mostMs: 60_000 }, () => chance).pauseMs(1),
    );
    expect(pauses).toEqual([500, 750, 1_000]);
  });
});
