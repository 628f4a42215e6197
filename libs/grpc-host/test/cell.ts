import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, seededIds, systemClock } from '@ostro/kernel';
import {
  type AccessGrant,
  AccessTokens,
  CertificateAuthority,
  createCsr,
  loadIdentity,
  mintServiceIdentities,
  type ServiceIdentity,
  tlsIdentity,
  type TlsIdentity,
} from '@ostro/pki';

const DAY_MS = 24 * 3_600_000;
const ids = seededIds(3);

/** A cell's identities on disk and what a test needs of them. */
export interface TestCell {
  readonly identity: ServiceIdentity;
  readonly api: ServiceIdentity;
  readonly gateway: ServiceIdentity;
  readonly node: TlsIdentity;
  /** Another cell's api: the right name from the wrong authority, trusting ours. */
  readonly stranger: TlsIdentity;
  readonly organizationId: AccessGrant['organizationId'];
  readonly projectId: `prj_${string}`;
  token(permissions: readonly string[], clock?: Pick<Clock, 'now'>): Promise<string>;
  remove(): Promise<void>;
}

export async function foundCell(): Promise<TestCell> {
  const dir = await mkdtemp(join(tmpdir(), 'ostro-grpc-'));
  const cell = { trustDomain: 'ostro.test', cellId: 'cell-1', clock: systemClock };
  await mintServiceIdentities(dir, ['identity', 'api', 'gateway'], cell);
  const [identity, api, gateway] = await Promise.all(
    ['identity', 'api', 'gateway'].map((name) => loadIdentity(join(dir, name))),
  );
  const { readFile } = await import('node:fs/promises');
  const caKey = await readFile(join(dir, 'identity', 'ca.key'), 'utf8');
  const authority = await CertificateAuthority.load(identity!.caPem, caKey, systemClock);
  const { csrPem, keyPem } = await createCsr('n1');
  const certPem = await authority.issueNode({ nodeId: 'n1', siteId: 'berlin', csrPem, ttlMs: DAY_MS });
  const theirs = await CertificateAuthority.create(cell);
  const organizationId = ids('org');
  const projectId = ids('prj');
  const grant = {
    principalId: ids('prn'),
    organizationId,
    projectIds: [projectId],
    keyId: ids('key'),
    ttlSeconds: 300,
  };
  return {
    identity: identity!,
    api: api!,
    gateway: gateway!,
    node: tlsIdentity({ caPem: identity!.caPem, certPem, keyPem }),
    stranger: tlsIdentity({
      caPem: identity!.caPem,
      ...(await theirs.issueService({ service: 'api', ttlMs: DAY_MS })),
    }),
    organizationId,
    projectId,
    token: (permissions, clock = systemClock) => new AccessTokens(identity!, clock).issue({ ...grant, permissions }),
    remove: () => rm(dir, { recursive: true }),
  };
}
