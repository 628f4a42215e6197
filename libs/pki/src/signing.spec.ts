import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ManualClock, manualClock, seededIds } from '@ostro/kernel';
import { base64url, SignJWT, UnsecuredJWT } from 'jose';
import {
  type AccessGrant,
  AccessTokens,
  loadIdentity,
  mintServiceIdentities,
  RecordSigner,
  RecordVerifier,
  type ServiceIdentity,
  verifyAccessToken,
} from './index.ts';

const DAY_MS = 24 * 3_600_000;
const ids = seededIds(1);
let dir: string;
let clock: ManualClock;
let identity: ServiceIdentity;
let billing: ServiceIdentity;
let stranger: ServiceIdentity;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ostro-pki-'));
  clock = manualClock(new Date());
  const cell = { trustDomain: 'ostro.test', cellId: 'cell-1', clock };
  await mintServiceIdentities(join(dir, 'ours'), ['identity', 'billing'], cell);
  await mintServiceIdentities(join(dir, 'theirs'), ['identity'], cell);
  identity = await loadIdentity(join(dir, 'ours', 'identity'));
  billing = await loadIdentity(join(dir, 'ours', 'billing'));
  stranger = await loadIdentity(join(dir, 'theirs', 'identity'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('record signatures', () => {
  const value = Buffer.from('a key view');
  const signed = (by: ServiceIdentity) => ({
    topic: 'identity.api-key.v1',
    key: 'key_1',
    value: value as Buffer | null,
    headers: new RecordSigner(by.signer).sign('identity.api-key.v1', 'key_1', value) as Record<string, unknown>,
  });
  const verify = (record: ReturnType<typeof signed>, service = 'identity') =>
    new RecordVerifier(identity.caPem).verify(record, service);

  it("hold for the owner, with headers as text or as a client's bytes", () => {
    const record = signed(identity);
    verify(record);
    const headers = Object.fromEntries(Object.entries(record.headers).map(([k, v]) => [k, Buffer.from(v as string)]));
    verify({ ...record, headers });
  });

  it('hold for tombstones, and a tombstone is not an empty value', () => {
    const headers = new RecordSigner(identity.signer).sign('t', 'k', null) as Record<string, unknown>;
    const verifier = new RecordVerifier(identity.caPem);
    verifier.verify({ topic: 't', key: 'k', value: null, headers }, 'identity');
    expect(() => verifier.verify({ topic: 't', key: 'k', value: Buffer.alloc(0), headers }, 'identity')).toThrow(
      /differs/,
    );
  });

  it('hold after the certificate has expired, so that a restart needs no identity service', () => {
    const record = signed(identity);
    clock.advance(400 * DAY_MS);
    verify(record);
    clock.advance(-400 * DAY_MS);
  });

  it.each<[string, (record: ReturnType<typeof signed>) => ReturnType<typeof signed>, RegExp]>([
    ['another topic', (r) => ({ ...r, topic: 'identity.policy.v1' }), /differs/],
    ['another key', (r) => ({ ...r, key: 'key_2' }), /differs/],
    ['another value', (r) => ({ ...r, value: Buffer.from('another view') }), /differs/],
    ['a border moved between key and value', (r) => ({ ...r, key: 'key_1a', value: value.subarray(1) }), /differs/],
    ['no signature', (r) => ({ ...r, headers: {} }), /not signed/],
    ['no certificate', (r) => ({ ...r, headers: { ...r.headers, 'ostro-signer': 'AAAA' } }), /did not issue/],
    ['another service', () => signed(billing), /signed by billing, not by its owner identity/],
    ['another cell', () => signed(stranger), /did not issue/],
  ])('refuse %s', (_, change, message) => {
    expect(() => verify(change(signed(identity)))).toThrow(message);
  });

  it('refuse a TLS certificate as signer', async () => {
    const { readFile } = await import('node:fs/promises');
    const { createPrivateKey, X509Certificate } = await import('node:crypto');
    const folder = join(dir, 'ours', 'identity');
    const signer = {
      service: 'identity',
      certificate: new X509Certificate(await readFile(join(folder, 'tls.pem'))).raw,
      key: createPrivateKey(await readFile(join(folder, 'signing.key'))),
    };
    expect(() => verify(signed({ ...identity, signer }))).toThrow(/did not issue/);
  });
});

describe('access tokens', () => {
  const grant: AccessGrant = {
    principalId: ids('prn'),
    organizationId: ids('org'),
    projectIds: [ids('prj')],
    permissions: ['deployments.read'],
    keyId: ids('key'),
    ttlSeconds: 300,
  };
  const issue = (by: ServiceIdentity) => new AccessTokens(by, clock).issue(grant);
  const verify = (token: string) => verifyAccessToken(token, identity.caPem, clock);
  const x5c = (of: ServiceIdentity) => [Buffer.from(of.signer.certificate).toString('base64')];
  const invalid = { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' };

  function forge(change: { claims?: object; header?: object; key?: ServiceIdentity }): Promise<string> {
    const now = Math.floor(clock.now().getTime() / 1000);
    const claims = {
      iss: 'spiffe://ostro.test/signer/identity',
      aud: 'cell-1',
      sub: grant.principalId,
      org: grant.organizationId,
      perm: ['deployments.read'],
      key: grant.keyId,
      exp: now + 60,
      ...change.claims,
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', x5c: x5c(identity), ...change.header })
      .sign((change.key ?? identity).signer.key);
  }

  it('carry who asks and what they may do', async () => {
    const { ttlSeconds: _, ...expected } = grant;
    expect(await verify(await issue(identity))).toMatchObject(expected);
    await expect(verify(await forge({}))).resolves.toMatchObject({ permissions: ['deployments.read'] });
  });

  it('live five minutes at most', async () => {
    await expect(new AccessTokens(identity, clock).issue({ ...grant, ttlSeconds: 301 })).rejects.toThrow(RangeError);
    const token = await issue(identity);
    clock.advance(299_000);
    await verify(token);
    clock.advance(2_000);
    await expect(verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' });
  });

  it('are refused when another service or another cell signed them', async () => {
    await expect(verify(await issue(billing))).rejects.toMatchObject(invalid);
    await expect(verify(await forge({ key: billing, header: { x5c: x5c(billing) } }))).rejects.toMatchObject(invalid);
    await expect(verify(await forge({ key: billing }))).rejects.toMatchObject(invalid);
    await expect(verify(await issue(stranger))).rejects.toMatchObject(invalid);
  });

  it('are refused without a signature, tampered, or out of shape', async () => {
    const [header, payload, signature] = (await issue(identity)).split('.');
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>;
    const more = base64url.encode(JSON.stringify({ ...claims, perm: ['*'] }));
    const none = base64url.encode(JSON.stringify({ alg: 'none', typ: 'at+jwt', x5c: x5c(identity) }));
    const wrong = [
      `${header}.${more}.${signature}`,
      `${none}.${payload}.`,
      new UnsecuredJWT(claims).encode(),
      `${header}.${payload}.`,
      'text',
      '',
      await forge({ header: { typ: 'JWT' } }),
      await forge({ header: { x5c: [...x5c(identity), ...x5c(identity)] } }),
    ];
    for (const token of wrong) await expect(verify(token)).rejects.toMatchObject(invalid);
  });

  it.each([
    ['another cell', { aud: 'cell-2' }],
    ['another issuer', { iss: 'spiffe://ostro.test/signer/billing' }],
    ['no expiry', { exp: undefined }],
    ['a foreign kind of id', { org: 'prj_1' }],
    ['permissions that are no list', { perm: 'deployments.read' }],
    ['projects that are no list', { prj: 'prj_1' }],
  ])('are refused with %s', async (_, claims) => {
    await expect(verify(await forge({ claims }))).rejects.toMatchObject(invalid);
  });
});
