import { createHash, randomBytes } from 'node:crypto';
import { identityV1 } from '@ostro/contracts';
import { manualClock } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { API_KEY_FORMAT } from '../src/domain/checksummed-secret.ts';
import { type KeyView, openKeyView } from './key-topic.ts';
import { RunningIdentity } from './running-identity.ts';
import { failureOf, Tenant } from './tenant.ts';

const { API_KEY_STATE_ACTIVE, API_KEY_STATE_REVOKED } = identityV1.ApiKeyState;
const { REVOCATION_REASON_REQUESTED, REVOCATION_REASON_COMPROMISED, REVOCATION_REASON_PRINCIPAL_CHANGED } =
  identityV1.RevocationReason;
const { ROLE_OWNER, ROLE_DEVELOPER, ROLE_BILLING_VIEWER } = identityV1.Role;
const everywhere = (role: identityV1.Role) => [{ role, projectId: '' }];

describe('a key', () => {
  const clock = manualClock(new Date());
  let cell: RunningIdentity;
  let acme: Tenant;
  let gateway: KeyView;
  beforeAll(async () => {
    cell = await RunningIdentity.open({ clock });
    acme = await Tenant.found(cell, 'acme');
    gateway = await openKeyView(cell.brokers, cell.authority.certPem);
  });
  afterAll(async () => {
    await gateway.close();
    await cell.close();
  });

  const held = (keyId: string) =>
    eventually(() => {
      const record = gateway.view.get(keyId);
      expect(record).toBeDefined();
      return record!;
    });

  it('reaches gateways signed, as a digest, with what they need to decide', async () => {
    const { apiKey, secret } = await acme.keys.createApiKey(
      acme.aKey({ scopes: ['inference'], allowedModels: ['small', 'large'], ttlSeconds: 3_600n }),
      await acme.asOwner(),
    );
    expect(secret.startsWith(apiKey!.prefix)).toBe(true);
    expect(apiKey!.prefix).toHaveLength('ostro_'.length + 4);
    expect(apiKey!.expireTime!.getTime() - apiKey!.createTime!.getTime()).toBe(3_600_000);
    const record = await held(apiKey!.keyId);
    expect(record).toMatchObject({
      organizationId: acme.organizationId,
      projectId: acme.projectId,
      principalId: acme.owner.principalId,
      scopes: ['inference'],
      allowedModels: ['large', 'small'],
      state: API_KEY_STATE_ACTIVE,
      expireTime: apiKey!.expireTime,
      cellId: 'cell-1',
      epoch: 1n,
    });
    expect(record.keySha256).toEqual(createHash('sha256').update(secret).digest());
    expect(JSON.stringify(await cell.query('SELECT * FROM api_keys'))).not.toContain(secret.slice(12));
  });

  it('lets gateways know how fresh their view is', async () => {
    await eventually(() => expect(gateway.view.ageMs()).toBeLessThan(5_000));
  });

  it('is created once per request id, and its secret never shown again', async () => {
    const request = acme.aKey();
    const { apiKey } = await acme.keys.createApiKey(request, await acme.asOwner());
    expect(await failureOf(acme.keys.createApiKey(request, await acme.asOwner()))).toMatchObject({
      code: 'ALREADY_EXISTS',
      reason: 'KEY_ALREADY_CREATED',
      details: { key_id: apiKey!.keyId },
    });
    expect(await failureOf(acme.keys.createApiKey({ ...request, name: 'other' }, await acme.asOwner()))).toMatchObject({
      reason: 'REQUEST_ID_REUSED',
    });
  });

  it.each([
    ['no scope', { scopes: [] }, 'INVALID_SCOPE'],
    ['an unknown scope', { scopes: ['manage:everything'] }, 'INVALID_SCOPE'],
    ['a model beside "*"', { allowedModels: ['*', 'small'] }, 'INVALID_ALLOWED_MODELS'],
    ['more than a year', { ttlSeconds: 366n * 86_400n }, 'INVALID_TTL'],
    ['a name that breaks lines', { name: 'a\nb' }, 'INVALID_NAME'],
    ['no request id', { requestId: '' }, 'INVALID_REQUEST_ID'],
    ['a project that does not exist', { projectId: 'prj_00000000000070008000000000000000' }, 'PROJECT_NOT_FOUND'],
    ['a principal that does not exist', { principalId: 'prn_00000000000070008000000000000001' }, 'PRINCIPAL_NOT_FOUND'],
  ])('is not created with %s', async (_, wrong, reason) => {
    expect(await failureOf(acme.keys.createApiKey(acme.aKey(wrong), await acme.asOwner()))).toMatchObject({ reason });
  });

  it('is listed newest first, page by page', async () => {
    const made: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { apiKey } = await acme.keys.createApiKey(acme.aKey(), await acme.asOwner());
      made.unshift(apiKey!.keyId);
    }
    const list = { organizationId: acme.organizationId, projectId: acme.projectId, pageSize: 2, pageToken: '' };
    const first = await acme.keys.listApiKeys(list, await acme.asOwner());
    const second = await acme.keys.listApiKeys({ ...list, pageToken: first.nextPageToken }, await acme.asOwner());
    expect([...first.apiKeys, ...second.apiKeys].slice(0, 3).map(({ keyId }) => keyId)).toEqual(made);
  });

  it('gives a token for the rights it has now', async () => {
    const { secret } = await acme.keys.createApiKey(
      acme.aKey({ scopes: ['manage:usage', 'inference'] }),
      await acme.asOwner(),
    );
    const granted = await acme.tokens.exchangeApiKey({ secret });
    expect(granted.permissions).toEqual([
      'billing.invoices.read',
      'billing.prices.read',
      'billing.usage.read',
      'inference',
    ]);
    expect(granted.expireTime!.getTime()).toBeLessThanOrEqual(clock.now().getTime() + 300_000);
  });

  it('gives no token when it is wrong, unknown, expired or revoked', async () => {
    const refusal = (secret: string) => failureOf(acme.tokens.exchangeApiKey({ secret }));
    const { secret } = acme.owner;
    const typo = secret.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    expect(await refusal(typo)).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'KEY_MALFORMED' });
    expect(await refusal(API_KEY_FORMAT.generate(randomBytes))).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'KEY_UNKNOWN',
    });
    const short = await acme.keys.createApiKey(acme.aKey({ ttlSeconds: 60n }), await acme.asOwner());
    const { expireTime } = await acme.tokens.exchangeApiKey({ secret: short.secret });
    expect(expireTime!.getTime()).toBeLessThanOrEqual(short.apiKey!.expireTime!.getTime() + 1_000);
    clock.advance(60_000);
    expect(await refusal(short.secret)).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'KEY_EXPIRED' });
    const gone = await acme.keys.createApiKey(acme.aKey(), await acme.asOwner());
    await acme.keys.revokeApiKey(
      { organizationId: acme.organizationId, keyId: gone.apiKey!.keyId, reason: REVOCATION_REASON_REQUESTED },
      await acme.asOwner(),
    );
    expect(await refusal(gone.secret)).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'KEY_REVOKED' });
  });

  describe('when it is revoked', () => {
    it('is dead in the view of gateways and stays so', async () => {
      const { apiKey } = await acme.keys.createApiKey(acme.aKey(), await acme.asOwner());
      const revoke = (reason: identityV1.RevocationReason) => async () =>
        acme.keys.revokeApiKey(
          { organizationId: acme.organizationId, keyId: apiKey!.keyId, reason },
          await acme.asOwner(),
        );
      const asked = revoke(REVOCATION_REASON_REQUESTED);
      const leaked = revoke(REVOCATION_REASON_COMPROMISED);
      expect((await asked()).apiKey).toMatchObject({
        state: API_KEY_STATE_REVOKED,
        revocationReason: REVOCATION_REASON_REQUESTED,
      });
      await asked();
      expect((await leaked()).apiKey).toMatchObject({ revocationReason: REVOCATION_REASON_COMPROMISED });
      expect((await asked()).apiKey).toMatchObject({ revocationReason: REVOCATION_REASON_COMPROMISED });
      await eventually(() => {
        const versions = gateway.versionsOf(apiKey!.keyId);
        expect(versions.map(({ revocationReason }) => revocationReason)).toEqual([
          identityV1.RevocationReason.REVOCATION_REASON_UNSPECIFIED,
          REVOCATION_REASON_REQUESTED,
          REVOCATION_REASON_COMPROMISED,
        ]);
      });
    });

    it('is not revoked for a reason that is not the caller’s to give', async () => {
      const request = {
        organizationId: acme.organizationId,
        keyId: acme.owner.keyId,
        reason: REVOCATION_REASON_PRINCIPAL_CHANGED,
      };
      expect(await failureOf(acme.keys.revokeApiKey(request, await acme.asOwner()))).toMatchObject({
        reason: 'INVALID_REASON',
      });
    });
  });

  describe('and the roles of its owner', () => {
    it('loses and regains what they lose and regain, without being made anew', async () => {
      const bob = await acme.member('bob', everywhere(ROLE_DEVELOPER));
      expect((await held(bob.keyId)).scopes).toEqual(['inference', 'manage:*']);
      const setRoles = async (role: identityV1.Role) =>
        acme.principals.setRoles(
          {
            organizationId: acme.organizationId,
            principalId: bob.principalId,
            roleBindings: everywhere(role),
          },
          await acme.asOwner(),
        );
      await setRoles(ROLE_BILLING_VIEWER);
      await eventually(() => expect(gateway.view.get(bob.keyId)!.scopes).toEqual(['manage:*']));
      expect((await acme.tokens.exchangeApiKey({ secret: bob.secret })).permissions).not.toContain('inference');
      await setRoles(ROLE_OWNER);
      await eventually(() => expect(gateway.view.get(bob.keyId)!.scopes).toEqual(['inference', 'manage:*']));
    });

    it('never keeps a right that they lost while it was being made', async () => {
      const { organizationId } = acme;
      const carl = await acme.member('carl', everywhere(ROLE_DEVELOPER));
      const owner = await acme.asOwner();
      const setRoles = (roleBindings: identityV1.RoleBinding[]) =>
        acme.principals.setRoles({ organizationId, principalId: carl.principalId, roleBindings }, owner);
      for (let round = 0; round < 10; round++) {
        await setRoles(everywhere(ROLE_DEVELOPER));
        await Promise.all([
          ...[1, 2, 3].map(() => acme.keys.createApiKey(acme.aKey({ principalId: carl.principalId }), owner)),
          setRoles([]),
        ]);
        const wider = await cell.query(
          `SELECT id FROM api_keys WHERE principal_id = '${carl.principalId}' AND effective_scopes <> '{}'`,
        );
        expect(wider).toEqual([]);
      }
    });

    it('reaches no further than its project when a right comes from a role in it', async () => {
      const { project: other } = await acme.organizations.createProject(
        { requestId: 'other', organizationId: acme.organizationId, name: 'other' },
        await acme.asOwner(),
      );
      const eve = await acme.member('eve', [{ role: ROLE_OWNER, projectId: acme.projectId }]);
      const asEve = await acme.as(eve);
      const { projects } = await acme.organizations.listProjects(
        { organizationId: acme.organizationId, pageSize: 0, pageToken: '' },
        asEve,
      );
      expect(projects.map(({ name }) => name)).toEqual(['default']);
      expect(await failureOf(acme.keys.createApiKey(acme.aKey({ projectId: other!.projectId }), asEve))).toMatchObject({
        code: 'NOT_FOUND',
        reason: 'PROJECT_NOT_FOUND',
      });
      const makeOwner = {
        organizationId: acme.organizationId,
        principalId: eve.principalId,
        roleBindings: everywhere(ROLE_OWNER),
      };
      expect(await failureOf(acme.principals.setRoles(makeOwner, asEve))).toMatchObject({
        reason: 'PERMISSION_MISSING',
      });
    });

    it('cannot hand out more than its bearer holds, nor touch the keys of others', async () => {
      const dev = await acme.member('dev', everywhere(ROLE_DEVELOPER));
      const keyMaker = await acme.keys.createApiKey(acme.aKey({ scopes: ['manage:keys'] }), await acme.as(dev));
      const asKeyMaker = await acme.as(keyMaker);
      expect(await failureOf(acme.keys.createApiKey(acme.aKey({ scopes: ['manage:*'] }), asKeyMaker))).toMatchObject({
        code: 'PERMISSION_DENIED',
        reason: 'GRANT_TOO_WIDE',
      });
      await acme.keys.createApiKey(acme.aKey({ scopes: ['inference'] }), asKeyMaker);
      const forOwner = acme.aKey({ principalId: acme.owner.principalId });
      const ownersKey = { organizationId: acme.organizationId, keyId: acme.owner.keyId, reason: 0 };
      for (const call of [
        acme.keys.createApiKey(forOwner, await acme.as(dev)),
        acme.keys.revokeApiKey(ownersKey, await acme.as(dev)),
      ]) {
        expect(await failureOf(call)).toMatchObject({ code: 'PERMISSION_DENIED', reason: 'NOT_YOUR_KEY' });
      }
    });
  });

  it('is still there after a restart, and under a new epoch after a restore', async () => {
    await cell.stop();
    await cell.query('UPDATE owner_epoch SET epoch = epoch + 1');
    await cell.start();
    const before = gateway.view.get(acme.owner.keyId)?.generation;
    await eventually(() => expect(gateway.view.get(acme.owner.keyId)).toMatchObject({ epoch: 2n }));
    expect(gateway.view.get(acme.owner.keyId)!.generation).toBe(before);
    const tokens = await cell.client(identityV1.TokenServiceService, 'api');
    expect((await tokens.exchangeApiKey({ secret: acme.owner.secret })).keyId).toBe(acme.owner.keyId);
  });

  it('leaves a trace of every change, with who made it', async () => {
    const rows = await cell.query(
      `SELECT peer, principal_id, key_id, before_sha256, after_sha256 FROM audit_log WHERE action = 'api_key.revoked' ORDER BY id`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(2);
    expect(rows[0]).toMatchObject({
      peer: 'service/api',
      principal_id: acme.owner.principalId,
      key_id: acme.owner.keyId,
      before_sha256: expect.any(Buffer),
      after_sha256: expect.any(Buffer),
    });
  });
});
