import { connect } from 'node:http2';
import { type DomainError, manualClock } from '@ostro/kernel';
import { mutualTls } from '@ostro/pki';
import { ECHO_ACCESS, EchoService } from '../test/echo.ts';
import { EchoHost, failureOf, rawCall } from '../test/echo-host.ts';
import type { GrpcClientOptions, RunningGrpcServer } from './index.ts';

const echo = new EchoHost();
beforeAll(() => echo.start());
afterEach(() => echo.closeClients());
afterAll(() => echo.stop());

describe('who gets in', () => {
  it('is whoever the table names, and the handler knows them', async () => {
    expect(await echo.client(echo.cell.api).say({ text: 'hello' })).toEqual({ text: 'hello' });
    expect((await echo.client(echo.cell.gateway).whoAmI({ text: '' })).text).toBe('gateway/default -');
    expect((await echo.client(echo.cell.node).whoAmI({ text: '' })).text).toBe('node/n1 -');
    expect(await failureOf(echo.client(echo.cell.node).say({ text: '' }))).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it('is nobody without TLS', async () => {
    const call = rawCall(echo.rawClient(undefined), EchoService.say, { text: '' });
    await expect(call).rejects.toMatchObject({ code: 14 });
  });

  it('is nobody without a certificate, or with one of another cell', async () => {
    expect((await failureOf(echo.client({ caPem: echo.cell.api.caPem }).say({ text: '' }))).code).toBe('UNAVAILABLE');
    expect((await failureOf(echo.client(echo.cell.stranger).say({ text: '' }))).code).toBe('UNAVAILABLE');
  });

  it('is nobody who speaks an older TLS', async () => {
    const session = connect(`https://127.0.0.1:${echo.server.port}`, {
      ...mutualTls(echo.cell.api),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
    });
    await expect(new Promise((_, reject) => session.once('error', reject))).rejects.toThrow(/alert|version/i);
  });

  it('is only a server that proves it is the expected service', async () => {
    const error = await failureOf(echo.client(echo.cell.api, { expectedService: 'billing' }).say({ text: '' }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'SERVICE_UNREACHABLE' });
    expect(error.message).toContain('service identity, not service billing');
  });
});

describe('a method for anyone', () => {
  const access = { ...ECHO_ACCESS, [EchoService.enrol.path]: { peers: ['anyone'], permission: '' } };
  let open: RunningGrpcServer;
  beforeAll(async () => {
    open = await echo.another({ access });
  });
  afterAll(() => open.close());
  const to = (identity: GrpcClientOptions['identity']) => echo.client(identity, { address: `127.0.0.1:${open.port}` });

  it('answers a peer that has no certificate yet, and no other method does', async () => {
    const newcomer = to({ caPem: echo.cell.api.caPem });
    expect(await newcomer.enrol({ text: 'me' })).toEqual({ text: 'me' });
    expect(await failureOf(newcomer.say({ text: '' }))).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'CERTIFICATE_REQUIRED',
    });
    expect(await to(echo.cell.api).say({ text: 'x' })).toEqual({ text: 'x' });
  });

  it('takes a certificate of another cell for none', async () => {
    expect(await failureOf(to(echo.cell.stranger).say({ text: '' }))).toMatchObject({ reason: 'CERTIFICATE_REQUIRED' });
    expect(
      await to(echo.cell.stranger)
        .whoAmI({ text: '' })
        .catch((error: DomainError) => error.reason),
    ).toBe('CERTIFICATE_REQUIRED');
  });
});

describe('permissions', () => {
  const read = async (token: string | undefined, text = `${echo.cell.organizationId} ${echo.cell.projectId}`) =>
    echo.client().read({ text }, token === undefined ? {} : { token });

  it('come with a token and are told to the handler', async () => {
    const token = await echo.cell.token(['echoes.read']);
    expect((await read(token)).text).toContain(echo.cell.organizationId);
    expect((await echo.client().whoAmI({ text: '' }, { token })).text).toMatch(/^service\/api prn_/);
  });

  it('are required, exactly', async () => {
    expect(await failureOf(read(undefined))).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_REQUIRED' });
    expect(await failureOf(read(await echo.cell.token(['echoes', 'echoes.read.all'])))).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PERMISSION_MISSING',
      details: { permission: 'echoes.read' },
    });
    expect(await failureOf(read('x.y.z'))).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' });
    const old = await echo.cell.token(['echoes.read'], manualClock(new Date(Date.now() - 301_000)));
    expect(await failureOf(read(old))).toMatchObject({ reason: 'TOKEN_EXPIRED' });
  });

  it('end at the organization and the projects of the key', async () => {
    const token = await echo.cell.token(['echoes.read']);
    const foreign = await failureOf(read(token, `org_x ${echo.cell.projectId}`));
    expect(foreign).toMatchObject({ code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' });
    expect(await failureOf(read(token, `${echo.cell.organizationId} prj_x`))).toMatchObject({
      reason: 'PROJECT_NOT_FOUND',
    });
  });

  it('are declared for every method, or the server does not start', async () => {
    const { [EchoService.say.path]: _, ...access } = ECHO_ACCESS;
    await expect(echo.another({ access })).rejects.toMatchObject({
      reason: 'METHOD_WITHOUT_ACCESS',
      message: expect.stringContaining(EchoService.say.path),
    });
  });
});
