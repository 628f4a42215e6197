import { EMPTY_HISTORY, readHistory } from './index.ts';

describe('readHistory', () => {
  it('gives back what was stored', () => {
    const stored = { ...EMPTY_HISTORY, replicas: 3 };
    expect(readHistory(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
  });

  it.each([undefined, null, 'x', {}, { format: 2 }, { format: '1' }])('begins anew after %j', (stored) => {
    expect(readHistory(stored)).toBe(EMPTY_HISTORY);
  });
});
