import pg from 'pg';
import { testPostgres } from './test-postgres.ts';

describe('testPostgres', () => {
  it('gives databases of their own and drops them although somebody is still connected', async () => {
    const postgres = await testPostgres();
    const urls = [await postgres.createDatabase('My Suite'), await postgres.createDatabase('My Suite')];
    expect(new Set(urls).size).toBe(2);
    const lingering = new pg.Client({ connectionString: urls[0] });
    const cutOff = new Promise((resolve) => lingering.on('error', resolve));
    await lingering.connect();

    await postgres.drop();

    expect(await cutOff).toMatchObject({ code: '57P01' });
    const late = new pg.Client({ connectionString: urls[1] });
    await expect(late.connect()).rejects.toMatchObject({ code: '3D000' });
  });
});
