import { aReplica, aRequest } from '../../test/builders.ts';
import { healthy } from './healthy.ts';

describe('healthy', () => {
  it.each([true, false])('isHealthy %s', (isHealthy) => {
    expect(healthy.prepare(aRequest())!(aReplica('a', { isHealthy }))).toBe(isHealthy);
  });
});
