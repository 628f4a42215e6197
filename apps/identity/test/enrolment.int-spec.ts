import { X509Certificate } from 'node:crypto';
import { identityV1 } from '@ostro/contracts';
import { manualClock } from '@ostro/kernel';
import { createCsr, type TlsIdentity, tlsIdentity } from '@ostro/pki';
import { RunningIdentity } from './running-identity.ts';
import { failureOf, Tenant } from './tenant.ts';

const { NodeEnrolmentServiceService } = identityV1;
const SITE: identityV1.Site = { siteId: 'lyon-1', country: 'FR', operator: 'Acme SA', certifications: ['iso27001'] };

describe('a node', () => {
  const clock = manualClock(new Date());
  let cell: RunningIdentity;
  let acme: Tenant;
  beforeAll(async () => {
    cell = await RunningIdentity.open({ clock });
    acme = await Tenant.found(cell, 'acme');
  });
  afterAll(() => cell.close());

  async function joinToken(overrides: Partial<identityV1.CreateJoinTokenRequest> = {}): Promise<string> {
    const client = await cell.client(NodeEnrolmentServiceService, 'api');
    const request = { organizationId: acme.organizationId, site: SITE, ttlSeconds: 0n, ...overrides };
    const { joinToken: token, caPem } = await client.createJoinToken(request, await acme.asOwner());
    expect(caPem).toBe(cell.authority.certPem);
    return token;
  }

  async function enrol(token: string, csr?: string) {
    const client = await cell.client(NodeEnrolmentServiceService, 'nobody', 'enrolment');
    const { csrPem, keyPem } = await createCsr('new');
    const answer = await client.enrolNode({ joinToken: token, csrPem: csr ?? csrPem, nodeName: 'gpu-7' });
    const { certificatePem: certPem, caPem } = answer;
    return { answer, identity: () => tlsIdentity({ caPem, certPem, keyPem }) };
  }

  const renew = async (identity: TlsIdentity) => {
    const client = await cell.client(NodeEnrolmentServiceService, identity);
    const { csrPem, keyPem } = await createCsr('renewing');
    const { certificatePem: certPem, expireTime } = await client.renewNodeCertificate({ csrPem });
    return { expireTime, identity: tlsIdentity({ caPem: identity.caPem, certPem, keyPem }) };
  };

  it('trades a token and a request for a certificate of its own', async () => {
    const { answer, identity } = await enrol(await joinToken());
    expect(answer).toMatchObject({ organizationId: acme.organizationId, site: SITE, cellId: 'cell-1' });
    expect(answer.expireTime!.getTime() - clock.now().getTime()).toBeLessThanOrEqual(7 * 86_400_000);
    expect(answer.expireTime!.getTime() - clock.now().getTime()).toBeGreaterThan(7 * 86_400_000 - 2_000);
    expect(new X509Certificate(answer.certificatePem).subjectAltName).toContain(
      `URI:spiffe://ostro.test/node/${answer.nodeId}`,
    );
    expect(identity().name).toBe(answer.nodeId);
    const scheduler = await cell.client(NodeEnrolmentServiceService, 'scheduler');
    expect(await scheduler.getNodeEnrolment({ nodeId: answer.nodeId })).toEqual({
      organizationId: acme.organizationId,
      site: SITE,
      nodeName: 'gpu-7',
    });
  });

  it('is told apart from one that was never enrolled', async () => {
    const scheduler = await cell.client(NodeEnrolmentServiceService, 'scheduler');
    const nodeId = 'nod_00000000000070008000000000000000';
    expect(await failureOf(scheduler.getNodeEnrolment({ nodeId }))).toMatchObject({ code: 'NOT_FOUND' });
    const stranger = await createCsr('stranger');
    const certPem = await cell.authority.issueNode({
      nodeId,
      siteId: 'lyon-1',
      csrPem: stranger.csrPem,
      ttlMs: 60_000,
    });
    const identity = tlsIdentity({ caPem: cell.authority.certPem, certPem, keyPem: stranger.keyPem });
    expect(await failureOf(renew(identity))).toMatchObject({ code: 'NOT_FOUND', reason: 'NODE_NOT_FOUND' });
  });

  it('enrols once with a token, however often and at once it is used', async () => {
    const token = await joinToken();
    const tries = await Promise.all(Array.from({ length: 8 }, () => failureOf(enrol(token).then(() => 'enrolled'))));
    const refused = tries.filter((outcome) => (outcome as { reason?: string }).reason === 'JOIN_TOKEN_USED');
    expect(refused).toHaveLength(7);
    expect(await failureOf(enrol(token))).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'JOIN_TOKEN_USED' });
    const used = await cell.query('SELECT count(*)::int AS n FROM nodes GROUP BY join_token_id');
    expect(used.every(({ n }) => n === 1)).toBe(true);
  });

  it('keeps its token when the request for a certificate was no good', async () => {
    const token = await joinToken();
    const { csrPem } = await createCsr('mangled');
    const lines = csrPem.split('\n');
    lines[2] = lines[2]!.split('').reverse().join('');
    for (const csr of ['', 'not a request', lines.join('\n')]) {
      expect(await failureOf(enrol(token, csr || '-'))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        reason: 'INVALID_CSR',
      });
    }
    expect((await enrol(token)).answer.nodeId).toMatch(/^nod_/);
  });

  it('enrols with nothing but a good token', async () => {
    expect(await failureOf(enrol('ostrojoin_made_up'))).toMatchObject({ reason: 'JOIN_TOKEN_MALFORMED' });
    expect(await failureOf(enrol(acme.owner.secret))).toMatchObject({ reason: 'JOIN_TOKEN_MALFORMED' });
    const token = await joinToken({ ttlSeconds: 30n });
    clock.advance(30_000);
    expect(await failureOf(enrol(token))).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'JOIN_TOKEN_EXPIRED' });
  });

  it.each([
    ['no site', { site: undefined }, 'INVALID_SITE'],
    ['a site id with blanks', { site: { ...SITE, siteId: 'Lyon 1' } }, 'INVALID_SITE'],
    ['a country by its name', { site: { ...SITE, country: 'France' } }, 'INVALID_SITE'],
    ['a life of more than an hour', { ttlSeconds: 3_601n }, 'INVALID_TTL'],
  ])('gets no token with %s', async (_, wrong, reason) => {
    expect(await failureOf(joinToken(wrong))).toMatchObject({ code: 'INVALID_ARGUMENT', reason });
  });

  it('renews its own certificate, and with the new one again', async () => {
    const { answer, identity } = await enrol(await joinToken());
    clock.advance(60_000);
    const renewed = await renew(identity());
    expect(renewed.identity.name).toBe(answer.nodeId);
    expect(renewed.expireTime!.getTime()).toBeGreaterThan(answer.expireTime!.getTime());
    expect((await renew(renewed.identity)).identity.name).toBe(answer.nodeId);
  });

  it('may do nothing else without a certificate, and cannot enrol on the listener of the others', async () => {
    const { csrPem } = await createCsr('new');
    const nobody = await cell.client(NodeEnrolmentServiceService, 'nobody', 'enrolment');
    const request = { organizationId: acme.organizationId, site: SITE, ttlSeconds: 0n };
    for (const call of [
      nobody.createJoinToken(request, await acme.asOwner()),
      nobody.renewNodeCertificate({ csrPem }),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: 'UNIMPLEMENTED' });
    }
    const strict = await cell.client(NodeEnrolmentServiceService, 'nobody');
    const enrolment = { joinToken: await joinToken(), csrPem, nodeName: 'x' };
    expect(await failureOf(strict.enrolNode(enrolment))).toMatchObject({ code: 'UNAVAILABLE' });
    const known = await cell.client(NodeEnrolmentServiceService, 'api');
    expect(await failureOf(known.enrolNode(enrolment))).toMatchObject({ code: 'UNIMPLEMENTED' });
  });
});
