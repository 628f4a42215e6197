import { identityV1, METHOD_ACCESS } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import { createCsr, tlsIdentity } from '@ostro/pki';
import { type Caller, RunningIdentity } from './running-identity.ts';
import { failureOf, type Member, Tenant } from './tenant.ts';

const SERVICES = [
  identityV1.OrganizationServiceService,
  identityV1.PrincipalServiceService,
  identityV1.ApiKeyServiceService,
  identityV1.TokenServiceService,
  identityV1.RevocationServiceService,
  identityV1.NodeEnrolmentServiceService,
];
const METHODS = SERVICES.flatMap((service) =>
  Object.entries(service).map(([name, { path }]) => ({ service, name, path, access: METHOD_ACCESS[path]! })),
);
type Method = (typeof METHODS)[number];

const ROLES = {
  owner: identityV1.Role.ROLE_OWNER,
  developer: identityV1.Role.ROLE_DEVELOPER,
  'billing viewer': identityV1.Role.ROLE_BILLING_VIEWER,
  auditor: identityV1.Role.ROLE_AUDITOR,
};
type RoleName = keyof typeof ROLES;

/** Written out by hand: a test that derived it from the code would agree with any mistake in it. */
const WHO_MAY: Readonly<Record<string, readonly RoleName[]>> = {
  'identity.keys.create': ['owner', 'developer'],
  'identity.keys.read': ['owner', 'developer', 'auditor'],
  'identity.keys.revoke': ['owner', 'developer'],
  'identity.nodes.enrol': ['owner'],
  'identity.organizations.read': ['owner', 'developer', 'billing viewer', 'auditor'],
  'identity.principals.create': ['owner'],
  'identity.principals.read': ['owner', 'auditor'],
  'identity.principals.update': ['owner'],
  'identity.projects.create': ['owner'],
  'identity.projects.read': ['owner', 'developer', 'billing viewer', 'auditor'],
};

const guarded = METHODS.filter(({ access }) => access.permission !== '');
const scoped = guarded.filter(({ name }) => name !== 'listOrganizations');

describe('access to identity', () => {
  let cell: RunningIdentity;
  let acme: Tenant;
  let rival: Tenant;
  const members = new Map<RoleName, Member>();
  const callers = new Map<string, Caller>();

  beforeAll(async () => {
    cell = await RunningIdentity.open();
    acme = await Tenant.found(cell, 'acme');
    rival = await Tenant.found(cell, 'rival');
    for (const [name, role] of Object.entries(ROLES)) {
      members.set(name as RoleName, await acme.member(name, [{ role, projectId: '' }]));
    }
    const nodeId = 'nod_00000000000070008000000000000000';
    const { csrPem, keyPem } = await createCsr(nodeId);
    const certPem = await cell.authority.issueNode({ nodeId, siteId: 's', csrPem, ttlMs: 3_600_000 });
    callers.set('node', tlsIdentity({ caPem: cell.authority.certPem, certPem, keyPem }));
    for (const name of ['api', 'operator', 'scheduler', 'gateway'] as const) callers.set(name, name);
  });
  afterAll(() => cell.close());

  /** A request about acme that is refused for nothing but missing rights, or for what comes after them. */
  const request = (): Record<string, unknown> => ({
    requestId: crypto.randomUUID(),
    organizationId: acme.organizationId,
    projectId: acme.projectId,
    project: acme.projectId,
    principalId: acme.owner.principalId,
    keyId: acme.owner.keyId,
    nodeId: 'nod_00000000000070008000000000000000',
    name: '',
    ownerName: '',
    secret: '',
    csrPem: '',
    scopes: [],
    allowedModels: [],
    roleBindings: [{ role: 99, projectId: '' }],
    kind: 0,
    reason: 99,
    site: undefined,
    ttlSeconds: -1n,
    pageSize: 0,
    pageToken: '',
    afterEpoch: 0n,
    afterGeneration: 0n,
  });

  async function outcome({ service, name }: Method, caller: Caller, token?: string): Promise<string> {
    const client = (await cell.client(service, caller)) as unknown as Record<string, (...args: unknown[]) => unknown>;
    const answer = client[name]!(request(), { token });
    const failure = await failureOf(firstOf(answer));
    return failure instanceof DomainError ? failure.reason : 'ANSWERED';
  }

  it('is declared for every method with peers that exist', () => {
    for (const { access } of METHODS) {
      for (const peer of access.peers) expect([...callers.keys(), 'anyone']).toContain(peer);
      if (access.permission !== '') expect(WHO_MAY).toHaveProperty([access.permission]);
    }
  });

  it.each(METHODS.filter(({ name }) => name !== 'enrolNode'))(
    '$path answers its peers and no others',
    async (method) => {
      for (const [name, caller] of callers) {
        const refused = (await outcome(method, caller)) === 'PEER_NOT_ALLOWED';
        expect({ name, refused }).toEqual({ name, refused: !method.access.peers.includes(name) });
      }
    },
  );

  it.each(guarded)('$path needs a token', async (method) => {
    expect(await outcome(method, 'api')).toBe('TOKEN_REQUIRED');
    expect(await outcome(method, 'api', 'e30.e30.e30')).toBe('TOKEN_INVALID');
  });

  it.each(guarded)('$path needs a role that allows it', async (method) => {
    for (const [role, member] of members) {
      const { token } = await acme.as(member);
      const allowed = (await outcome(method, 'api', token)) !== 'PERMISSION_MISSING';
      expect({ role, allowed }).toEqual({ role, allowed: WHO_MAY[method.access.permission]!.includes(role) });
    }
  });

  it.each(scoped)('$path knows nothing of another organization', async (method) => {
    const { token } = await rival.asOwner();
    expect(await outcome(method, 'api', token)).toBe('ORGANIZATION_NOT_FOUND');
  });

  it('shows of all organizations the caller’s own', async () => {
    const { organizations } = await rival.organizations.listOrganizations(
      { pageSize: 0, pageToken: '' },
      await rival.asOwner(),
    );
    expect(organizations.map(({ name }) => name)).toEqual(['rival']);
  });

  it('finds no object of another organization under the caller’s own', async () => {
    const { organizationId } = rival;
    const settings = await rival.asOwner();
    const { keyId, principalId } = acme.owner;
    const foreign = [
      rival.keys.getApiKey({ organizationId, keyId }, settings),
      rival.keys.revokeApiKey({ organizationId, keyId, reason: 0 }, settings),
      rival.keys.createApiKey(rival.aKey({ projectId: acme.projectId }), settings),
      rival.keys.createApiKey(rival.aKey({ principalId }), settings),
      rival.organizations.getProject({ organizationId, project: acme.projectId }, settings),
      rival.principals.setRoles({ organizationId, principalId, roleBindings: [] }, settings),
      rival.principals.setRoles(
        {
          organizationId,
          principalId: rival.owner.principalId,
          roleBindings: [{ role: ROLES.owner, projectId: acme.projectId }],
        },
        settings,
      ),
    ];
    for (const call of foreign) expect(await failureOf(call)).toMatchObject({ code: 'NOT_FOUND' });
    const { apiKeys } = await rival.keys.listApiKeys(
      { organizationId, projectId: acme.projectId, pageSize: 0, pageToken: '' },
      settings,
    );
    expect(apiKeys).toEqual([]);
  });

  it('is narrowed by the scopes of a key', async () => {
    const { secret } = await acme.keys.createApiKey(acme.aKey({ scopes: ['manage:read'] }), await acme.asOwner());
    const { permissions } = await acme.tokens.exchangeApiKey({ secret });
    expect(permissions.length).toBeGreaterThan(5);
    expect(permissions.filter((permission) => !permission.endsWith('.read'))).toEqual([]);
  });
});

/** The answer, or the first message of a stream. */
async function firstOf(answer: unknown): Promise<unknown> {
  if (answer instanceof Promise) return answer;
  for await (const message of answer as AsyncIterable<unknown>) return message;
  return undefined;
}
