import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock, systemClock } from '@ostro/kernel';
import {
  CertificateAuthority,
  createCsr,
  expectPeer,
  loadAuthority,
  loadIdentity,
  loadTlsIdentity,
  mintServiceIdentities,
  mutualTls,
  peerOf,
  renewalDue,
  saveTlsIdentity,
  type TlsIdentity,
  tlsIdentity,
} from './index.ts';

const DAY_MS = 24 * 3_600_000;
const NODE_ID = 'nod_019aaaaaaaaa7000800000000000000';
const CELL = { trustDomain: 'ostro.test', cellId: 'cell-1' };
const founding = () => CertificateAuthority.create({ ...CELL, clock: systemClock });
const der = (pem: string) => new X509Certificate(pem).raw;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ostro-pki-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('the authority', () => {
  it('names the cell, lives ten years and survives being stored', async () => {
    const clock = manualClock();
    const created = await CertificateAuthority.create({ ...CELL, clock });
    const loaded = await CertificateAuthority.load(created.certPem, created.keyPem.reveal(), clock);
    expect([loaded.trustDomain, loaded.cellId]).toEqual(['ostro.test', 'cell-1']);
    const certificate = new X509Certificate(loaded.certPem);
    expect(certificate.validToDate.getTime() - clock.now().getTime()).toBe(3650 * DAY_MS);
    const { certPem } = await loaded.issueService({ service: 'identity', ttlMs: DAY_MS });
    expect(new X509Certificate(certPem).verify(certificate.publicKey)).toBe(true);
  });

  it('refuses a key that is not its own', async () => {
    const [a, b] = [await founding(), await founding()];
    await expect(CertificateAuthority.load(a.certPem, b.keyPem.reveal(), systemClock)).rejects.toMatchObject({
      reason: 'AUTHORITY_KEY_MISMATCH',
    });
  });

  it('names services, gateways and nodes, each valid on loopback', async () => {
    const authority = await founding();
    const service = await authority.issueService({
      service: 'scheduler',
      ttlMs: DAY_MS,
      dnsNames: ['scheduler.ostro'],
    });
    const gateway = await authority.issueGateway({ group: 'eu-1', ttlMs: DAY_MS });
    const { csrPem } = await createCsr(NODE_ID);
    const node = await authority.issueNode({ nodeId: NODE_ID, siteId: 'berlin', csrPem, ttlMs: DAY_MS });
    expect(peerOf(der(service.certPem))).toEqual({ kind: 'service', name: 'scheduler' });
    expect(peerOf(der(gateway.certPem))).toEqual({ kind: 'gateway', name: 'eu-1' });
    expect(peerOf(der(node))).toEqual({ kind: 'node', name: NODE_ID });
    expect(new X509Certificate(service.certPem).subjectAltName).toBe(
      'URI:spiffe://ostro.test/service/scheduler, DNS:localhost, DNS:scheduler.ostro, IP Address:127.0.0.1',
    );
  });

  it('takes only the key from a node: the request cannot choose its name', async () => {
    const { csrPem } = await createCsr('identity');
    const node = await (await founding()).issueNode({ nodeId: NODE_ID, siteId: 'berlin', csrPem, ttlMs: DAY_MS });
    expect(peerOf(der(node))).toEqual({ kind: 'node', name: NODE_ID });
  });

  it('wants proof that the asker holds the key', async () => {
    const authority = await founding();
    const [one, two] = [await createCsr('n1'), await createCsr('n2')];
    const body = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
    // The same length and shape, but the signature of another key over other bytes.
    const forged = Buffer.concat([body(one.csrPem).subarray(0, -64), body(two.csrPem).subarray(-64)]);
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    for (const csrPem of [pem, 'not a request']) {
      const issued = authority.issueNode({ nodeId: 'n1', siteId: 's', csrPem, ttlMs: DAY_MS });
      await expect(issued).rejects.toMatchObject({ reason: 'INVALID_CSR' });
    }
  });

  it.each(['a/b', 'A', '', 'x,URI:spiffe://ostro.test/service/identity', 'x\n'])(
    'refuses %j as a name',
    async (name) => {
      const issued = (await founding()).issueService({ service: name, ttlMs: DAY_MS });
      await expect(issued).rejects.toMatchObject({ reason: 'INVALID_IDENTITY_NAME' });
    },
  );

  it('never outlives itself with what it issues', async () => {
    const clock = manualClock();
    const authority = await CertificateAuthority.create({ ...CELL, clock });
    clock.advance(3649 * DAY_MS);
    const { certPem } = await authority.issueService({ service: 'api', ttlMs: 90 * DAY_MS });
    expect(new X509Certificate(certPem).validTo).toBe(new X509Certificate(authority.certPem).validTo);
  });
});

describe('minting', () => {
  const options = (clock = manualClock(new Date())) => ({ ...CELL, clock });
  const bytes = (service: string) =>
    Promise.all(
      ['tls.pem', 'tls.key', 'signing.pem', 'ca.pem'].map((file) => readFile(join(dir, service, file), 'utf8')),
    );

  it('gives each service a folder only its owner can read, and the authority key to identity alone', async () => {
    await mintServiceIdentities(dir, ['identity', 'api', 'gateway'], options());
    expect((await readdir(join(dir, 'api'))).sort()).toEqual([
      'ca.pem',
      'signing.key',
      'signing.pem',
      'tls.key',
      'tls.pem',
    ]);
    expect(await readdir(join(dir, 'identity'))).toContain('ca.key');
    expect((await stat(join(dir, 'api'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, 'api', 'tls.key'))).mode & 0o777).toBe(0o600);
    const gateway = await loadIdentity(join(dir, 'gateway'));
    expect(gateway.name).toBe('gateway');
    expect(peerOf(der(gateway.tls.cert))).toEqual({ kind: 'gateway', name: 'default' });
    expect(gateway.signer.service).toBe('gateway');
  });

  it('keeps what is valid and renews when a third of the life is left', async () => {
    const clock = manualClock(new Date());
    expect(await mintServiceIdentities(dir, ['api'], options(clock))).toEqual(['api']);
    const first = await bytes('api');
    clock.advance(59 * DAY_MS);
    expect(await mintServiceIdentities(dir, ['api'], options(clock))).toEqual([]);
    expect(await bytes('api')).toEqual(first);
    clock.advance(2 * DAY_MS);
    expect(renewalDue(first[0]!, clock.now())).toBe(true);
    expect(await mintServiceIdentities(dir, ['api'], options(clock))).toEqual(['api']);
    const second = await bytes('api');
    expect(second[0]).not.toBe(first[0]);
    expect(second[3]).toBe(first[3]);
  });

  it('repairs a pair that a crash tore apart', async () => {
    await mintServiceIdentities(dir, ['api', 'billing'], options());
    await writeFile(join(dir, 'api', 'tls.key'), await readFile(join(dir, 'billing', 'tls.key')));
    await expect(loadIdentity(join(dir, 'api'))).rejects.toMatchObject({ reason: 'IDENTITY_BROKEN' });
    expect(await mintServiceIdentities(dir, ['api', 'billing'], options())).toEqual(['api']);
    await loadIdentity(join(dir, 'api'));
  });

  it('issues again for a new name', async () => {
    await mintServiceIdentities(dir, ['api'], options());
    expect(await mintServiceIdentities(dir, [{ name: 'api', dnsNames: ['api.ostro'] }], options())).toEqual(['api']);
  });

  it('founds no second authority when only the key is lost', async () => {
    await mintServiceIdentities(dir, ['api'], options());
    await rm(join(dir, 'identity', 'ca.key'));
    await expect(mintServiceIdentities(dir, ['api'], options())).rejects.toMatchObject({
      reason: 'AUTHORITY_KEY_MISSING',
    });
  });

  it('leaves an authority that can be loaded again, and only a whole one', async () => {
    await mintServiceIdentities(dir, ['identity'], { ...CELL, clock: systemClock });
    const folder = join(dir, 'identity');
    const authority = await loadAuthority(folder, systemClock);
    expect(authority.certPem).toBe(await readFile(join(folder, 'ca.pem'), 'utf8'));
    await rm(join(folder, 'ca.key'));
    await expect(loadAuthority(folder, systemClock)).rejects.toMatchObject({
      reason: 'AUTHORITY_MISSING',
      message: expect.stringContaining('ca.key'),
    });
  });

  it('says which file is missing', async () => {
    await expect(loadIdentity(join(dir, 'api'))).rejects.toThrow(join(dir, 'api'));
  });

  it('stores a node identity and reads it again, also over a folder that was open to others', async () => {
    const authority = await founding();
    const { csrPem, keyPem } = await createCsr('n1');
    const certPem = await authority.issueNode({ nodeId: 'n1', siteId: 's', csrPem, ttlMs: DAY_MS });
    await chmod(dir, 0o755);
    await saveTlsIdentity(dir, tlsIdentity({ caPem: authority.certPem, certPem, keyPem }));
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    const loaded = await loadTlsIdentity(dir);
    expect(loaded.name).toBe('n1');
    expect(JSON.stringify(loaded)).not.toContain('PRIVATE KEY');
  });
});

describe('a connection', () => {
  async function handshake(server: TlsIdentity, client: object, expected = 'api'): Promise<string> {
    const listener = createServer({ ...mutualTls(server) }, (_, response) => response.end('hello'));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    try {
      return await new Promise<string>((resolve, reject) => {
        const checkServerIdentity = expectPeer({ kind: 'service', name: expected });
        request({ host: '127.0.0.1', port, agent: false, checkServerIdentity, ...client }, (response) =>
          response.setEncoding('utf8').on('data', resolve),
        )
          .on('error', reject)
          .end();
      });
    } finally {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    }
  }

  it('works between two of a cell and refuses everybody else', async () => {
    await mintServiceIdentities(dir, ['api', 'billing'], { ...CELL, clock: systemClock });
    const [api, billing] = await Promise.all(['api', 'billing'].map((name) => loadIdentity(join(dir, name))));
    const stranger = await founding();
    const theirs = await stranger.issueService({ service: 'billing', ttlMs: DAY_MS });
    const foreign = tlsIdentity({ caPem: api!.caPem, ...theirs });
    const signer = {
      cert: await readFile(join(dir, 'billing', 'signing.pem')),
      key: await readFile(join(dir, 'billing', 'signing.key')),
    };

    expect(await handshake(api!, mutualTls(billing!))).toBe('hello');
    await expect(handshake(api!, mutualTls(billing!), 'identity')).rejects.toThrow(
      /is service api, not service identity/,
    );
    await expect(handshake(api!, mutualTls(foreign))).rejects.toThrow();
    await expect(handshake(api!, { ca: api!.caPem })).rejects.toThrow();
    await expect(handshake(api!, { ...mutualTls(billing!), ...signer })).rejects.toThrow();
  });
});
