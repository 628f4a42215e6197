import { identityV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { RunningIdentity } from './running-identity.ts';
import { Tenant } from './tenant.ts';

const { API_KEY_STATE_REVOKED, API_KEY_STATE_ACTIVE } = identityV1.ApiKeyState;
const { REVOCATION_REASON_COMPROMISED } = identityV1.RevocationReason;
const FROM_THE_START = { afterEpoch: 0n, afterGeneration: 0n };

/** Identity whose Kafka does not answer: what arrives here arrives on the second channel alone. */
describe('revocations while Kafka is down', () => {
  let cell: RunningIdentity;
  let acme: Tenant;
  beforeAll(async () => {
    cell = await RunningIdentity.open({ env: { OSTRO_KAFKA_BROKERS: '127.0.0.1:1' } });
    acme = await Tenant.found(cell, 'acme');
  });
  afterAll(() => cell.close());

  async function watch(after: identityV1.WatchRevocationsRequest) {
    const client = await cell.client(identityV1.RevocationServiceService, 'gateway');
    const stream = client.watchRevocations(after);
    const seen: identityV1.WatchRevocationsResponse[] = [];
    const ended = (async () => {
      for await (const message of stream) seen.push(message);
    })();
    return {
      seen,
      ended,
      revoked: () => seen.flatMap(({ revoked }) => (revoked ? [revoked] : [])),
      beats: () => seen.filter(({ revoked }) => !revoked).length,
      close: () => client.close(),
    };
  }

  async function revokedKey(): Promise<string> {
    const { apiKey } = await acme.keys.createApiKey(acme.aKey(), await acme.asOwner());
    const { organizationId } = acme;
    const { keyId } = apiKey!;
    await acme.keys.revokeApiKey(
      { organizationId, keyId, reason: REVOCATION_REASON_COMPROMISED },
      await acme.asOwner(),
    );
    return keyId;
  }

  it('arrive at once, whole, with a beat each second between them', async () => {
    const watching = await watch(FROM_THE_START);
    await eventually(() => expect(watching.beats()).toBeGreaterThan(0));
    const keyId = await revokedKey();
    await eventually(() => expect(watching.revoked()).toHaveLength(1), { withinMs: 900 });
    expect(watching.revoked()[0]).toMatchObject({
      keyId,
      state: API_KEY_STATE_REVOKED,
      revocationReason: REVOCATION_REASON_COMPROMISED,
      organizationId: acme.organizationId,
    });
    const beats = watching.beats();
    await eventually(() => expect(watching.beats()).toBeGreaterThan(beats + 1));
    expect(watching.revoked()).toHaveLength(1);
  });

  it('are resumed where a watcher was, and given whole to one of another epoch', async () => {
    const first = await revokedKey();
    const all = await watch(FROM_THE_START);
    await eventually(() => expect(all.revoked().map(({ keyId }) => keyId)).toContain(first));
    const held = all.revoked().at(-1)!;
    const resumed = await watch({ afterEpoch: held.epoch, afterGeneration: held.generation });
    const second = await revokedKey();
    await eventually(() => expect(resumed.revoked().map(({ keyId }) => keyId)).toEqual([second]));
    const foreign = await watch({ afterEpoch: held.epoch + 1n, afterGeneration: held.generation + 1_000n });
    await eventually(() =>
      expect(foreign.revoked().map(({ keyId }) => keyId)).toEqual(expect.arrayContaining([first, second])),
    );
  });

  it('miss none and keep one order when many happen at the same time', async () => {
    const settings = await acme.asOwner();
    const { organizationId } = acme;
    const made = await Promise.all(Array.from({ length: 30 }, () => acme.keys.createApiKey(acme.aKey(), settings)));
    const watching = await watch(FROM_THE_START);
    await Promise.all(
      made.map(({ apiKey }) => acme.keys.revokeApiKey({ organizationId, keyId: apiKey!.keyId, reason: 0 }, settings)),
    );
    const ids = made.map(({ apiKey }) => apiKey!.keyId);
    await eventually(() => expect(watching.revoked().map(({ keyId }) => keyId)).toEqual(expect.arrayContaining(ids)));
    const generations = watching.revoked().map(({ generation }) => generation);
    expect(generations).toEqual([...new Set(generations)].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('include keys that are narrower because their owner lost a role', async () => {
    const bob = await acme.member('bob', [{ role: identityV1.Role.ROLE_DEVELOPER, projectId: '' }]);
    const watching = await watch(FROM_THE_START);
    const { organizationId } = acme;
    await acme.principals.setRoles(
      { organizationId, principalId: bob.principalId, roleBindings: [] },
      await acme.asOwner(),
    );
    await eventually(() =>
      expect(watching.revoked().find(({ keyId }) => keyId === bob.keyId)).toMatchObject({
        scopes: [],
        state: API_KEY_STATE_ACTIVE,
      }),
    );
  });

  it('made by another process arrive within two beats', async () => {
    const watching = await watch(FROM_THE_START);
    const { apiKey } = await acme.keys.createApiKey(acme.aKey(), await acme.asOwner());
    await cell.query(`
      WITH taken AS (UPDATE key_generation SET generation = generation + 1 RETURNING generation)
      UPDATE api_keys SET revoked_at = now(), revocation_reason = 'requested', has_lost_rights = true,
        generation = (SELECT generation FROM taken)
      WHERE id = '${apiKey!.keyId}'`);
    await eventually(() => expect(watching.revoked().map(({ keyId }) => keyId)).toContain(apiKey!.keyId), {
      withinMs: 3_000,
    });
  });

  it('end cleanly when identity stops, and go on when it is back', async () => {
    const watching = await watch(FROM_THE_START);
    await eventually(() => expect(watching.beats()).toBeGreaterThan(0));
    const known = watching.revoked().length;
    await cell.restart();
    await watching.ended;
    const again = await watch(FROM_THE_START);
    await eventually(() => expect(again.revoked()).toHaveLength(known));
    again.close();
  });

  it('wait in the outbox for Kafka, and beats do not pile up there', async () => {
    const rows = await cell.query(
      `SELECT (partition IS NOT NULL) AS is_beat, count(*)::int AS n FROM outbox GROUP BY 1`,
    );
    expect(rows.find(({ is_beat: isBeat }) => isBeat)).toMatchObject({ n: 4 });
    expect(rows.find(({ is_beat: isBeat }) => !isBeat)!['n']).toBeGreaterThan(5);
  });
});
