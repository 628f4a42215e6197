import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contextsOf, findContext } from './find-context.ts';

const WORK = { apiUrl: 'https://ostro.example', apiKey: 'ostro_work' };
const HOME = { apiUrl: 'http://127.0.0.1:8081', apiKey: 'ostro_home', gatewayUrl: 'http://127.0.0.1:8080' };

describe('contexts', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ostro-cli-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const io = (env: Record<string, string> = {}, directory = dir) => ({ env: { HOME: dir, ...env }, directory });
  const runLocally = async (at: string) => {
    await mkdir(join(at, '.ostro'), { recursive: true });
    await writeFile(join(at, '.ostro', 'credentials.json'), JSON.stringify({ ...HOME, organizationId: 'org_1' }));
  };

  it('are kept where only their owner can read them; the last one saved is current', async () => {
    const store = contextsOf(io());
    await store.save('work', WORK);
    await store.save('home', HOME);
    expect((await stat(store.path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(store.path, '..'))).mode & 0o077).toBe(0);
    expect(await findContext(io(), undefined)).toEqual({ name: 'home', ...HOME });
    await store.use('work');
    expect(await findContext(io(), undefined)).toEqual({ name: 'work', ...WORK });
    expect(JSON.parse(await readFile(store.path, 'utf8'))).toMatchObject({ current: 'work' });
  });

  it('are found in the order: asked for, environment, chosen, running here', async () => {
    await runLocally(dir);
    const below = join(dir, 'a', 'b');
    await mkdir(below, { recursive: true });
    expect(await findContext(io({}, below), undefined)).toEqual({ name: 'local', ...HOME });
    const store = contextsOf(io());
    await store.save('home', HOME);
    await store.save('work', WORK);
    expect((await findContext(io(), undefined)).name).toBe('work');
    expect((await findContext(io({ OSTRO_CONTEXT: 'home' }), undefined)).name).toBe('home');
    const env = { OSTRO_API_URL: 'http://x', OSTRO_API_KEY: 'k' };
    expect(await findContext(io(env), undefined)).toEqual({ name: 'environment', apiUrl: 'http://x', apiKey: 'k' });
    expect((await findContext(io(env), 'home')).name).toBe('home');
  });

  it('that are missing are told with the way out', async () => {
    await expect(findContext(io({}, '/'), undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/ostro login/),
    });
    await expect(findContext(io(), 'nowhere')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/ostro login/),
    });
    await contextsOf(io()).save('work', WORK);
    await expect(contextsOf(io()).use('wrok')).rejects.toMatchObject({
      message: expect.stringMatching(/there are work/),
    });
    await expect(findContext(io({ OSTRO_API_URL: 'http://x' }), undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/OSTRO_API_KEY is not set/),
    });
  });

  it('are not lost to a file that cannot be read: it is named', async () => {
    const store = contextsOf(io());
    await store.save('work', WORK);
    for (const broken of ['{', '{"contexts":{"work":{}}}']) {
      await writeFile(store.path, broken);
      await expect(store.save('home', HOME)).rejects.toMatchObject({ reason: 'CONFIG_UNREADABLE' });
      expect(await readFile(store.path, 'utf8')).toBe(broken);
    }
  });
});
