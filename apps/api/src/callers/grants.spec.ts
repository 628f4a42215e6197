import { DomainError, manualClock } from '@ostro/kernel';
import { Grants } from './grants.ts';

const START = new Date('2026-11-22T12:00:00Z');

describe('grants', () => {
  const open = () => {
    const clock = manualClock(START);
    const asked: string[] = [];
    const identity = {
      exchangeApiKey: async ({ secret }: { secret: string }) => {
        asked.push(secret);
        if (secret === 'wrong') throw new DomainError('UNAUTHENTICATED', 'KEY_UNKNOWN', 'no such key');
        return {
          accessToken: `token ${asked.length}`,
          expireTime: new Date(clock.now().getTime() + 300_000),
          organizationId: 'org_1',
          projectId: 'prj_1',
          principalId: 'prn_1',
          keyId: 'key_1',
          permissions: [],
        };
      },
    };
    return { grants: new Grants(identity, clock), clock, asked };
  };

  it('are kept for 4 s, so that a revoked key is refused within 5 s', async () => {
    const { grants, clock, asked } = open();
    await grants.of('a');
    clock.advance(3_999);
    await grants.of('a');
    expect(asked).toEqual(['a']);
    clock.advance(1);
    expect((await grants.of('a')).token.reveal()).toBe('token 2');
  });

  it('are asked for once by concurrent requests of one key, and for each key by itself', async () => {
    const { grants, asked } = open();
    const [first, second] = await Promise.all([grants.of('a'), grants.of('a'), grants.of('b')]);
    expect(first).toBe(second);
    expect(asked).toEqual(['a', 'b']);
  });

  it('never outlive a refusal: a refused key is asked for again', async () => {
    const { grants, asked } = open();
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(grants.of('wrong')).rejects.toMatchObject({ reason: 'KEY_UNKNOWN' });
    }
    expect(asked).toEqual(['wrong', 'wrong']);
  });

  it('are forgotten in order of last use when there are too many', async () => {
    const { grants, asked } = open();
    await grants.of('used');
    await grants.of('idle');
    for (let key = 0; key < 9_999; key++) {
      await grants.of(`key ${key}`);
      await grants.of('used');
    }
    asked.length = 0;
    await grants.of('used');
    await grants.of('idle');
    expect(asked).toEqual(['idle']);
  });
});
