import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PROFILE } from '@ostro/placement';
import { eventually } from '@ostro/testing';
import { loadProfile } from '../src/placement-profile.ts';
import { RunningScheduler } from './running-scheduler.ts';
import { anInventory } from './scripted-agent.ts';

const FILTERS = DEFAULT_PROFILE.filters.map(({ name }) => `  - ${name}`).join('\n');
const profileOf = (scorer: string) =>
  `name: only-${scorer}\nfilters:\n${FILTERS}\nscorers:\n  - {name: ${scorer}, weight: 1}\n`;

describe('a placement profile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ostro-profile-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function write(text: string): Promise<string> {
    const file = join(folder, 'profile.yaml');
    await writeFile(file, text);
    return file;
  }

  it.each([
    { scorer: 'weights-cached', chosen: 'cached' },
    { scorer: 'least-fragmentation', chosen: 'tight' },
  ])('with $scorer alone sends the replica to the $chosen node', async ({ scorer, chosen }) => {
    const cell = await RunningScheduler.open({ env: { OSTRO_PLACEMENT_PROFILE: await write(profileOf(scorer)) } });
    try {
      const { digest } = cell.publishModel('tiny');
      const roomy = { ...anInventory(), cachedModelDigests: [digest] };
      const cached = await (await cell.agent({ inventory: roomy })).connect();
      const tight = await (await cell.agent({ inventory: anInventory({ gigabytes: 24 }) })).connect();
      await eventually(async () => {
        expect(await cell.query('SELECT 1 FROM nodes WHERE reported_at IS NOT NULL')).toHaveLength(2);
      });
      await cell.deploy();
      const expected = { cached, tight }[chosen]!;
      await eventually(() => expect(expected.desired?.replicas).toHaveLength(1));
    } finally {
      await cell.close();
    }
  });

  it('that cannot be read or does not parse stops the start with its place', async () => {
    await expect(loadProfile(join(folder, 'none.yaml'))).rejects.toMatchObject({ reason: 'PROFILE_UNREADABLE' });
    await expect(loadProfile(await write('name: [unclosed'))).rejects.toMatchObject({ reason: 'PROFILE_UNREADABLE' });
    await expect(loadProfile(await write('name: x\nfilters: []\nscorers: []\n'))).rejects.toThrow(/it keeps a promise/);
    expect(await loadProfile(undefined)).toBe(DEFAULT_PROFILE);
  });
});
