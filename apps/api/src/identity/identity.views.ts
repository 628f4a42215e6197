import { identityV1 } from '@ostro/contracts';
import { z } from 'zod';
import { instant, pageOf, text, view } from '../shapes/view.ts';
import { words } from '../shapes/words.ts';

export const roles = words(identityV1.Role);
export const principalKinds = words(identityV1.PrincipalKind);
export const revocationReasons = words(identityV1.RevocationReason);

export const organization = view<identityV1.Organization>()('Organization', {
  organization_id: text,
  name: text,
  cell_id: text,
  create_time: instant,
});

export const project = view<identityV1.Project>()('Project', {
  project_id: text,
  organization_id: text,
  name: text,
  create_time: instant,
});

const roleBinding = view<identityV1.RoleBinding>()('RoleBinding', { role: roles.view, project_id: text });

export const principal = view<identityV1.Principal>()('Principal', {
  principal_id: text,
  organization_id: text,
  kind: principalKinds.view,
  name: text,
  role_bindings: z.array(roleBinding),
  create_time: instant,
});

const keyFields = {
  key_id: text,
  organization_id: text,
  project_id: text,
  principal_id: text,
  name: text,
  prefix: text,
  scopes: z.array(text),
  allowed_models: z.array(text),
  state: words(identityV1.ApiKeyState).view,
  revocation_reason: revocationReasons.view,
  create_time: instant,
  expire_time: instant,
};

export const apiKey = view<identityV1.ApiKey>()('ApiKey', keyFields);

/** A key and, this once, its secret. */
export const newApiKey = view<identityV1.ApiKey & { secret: string }>()('NewApiKey', { ...keyFields, secret: text });

export const joinToken = view<identityV1.CreateJoinTokenResponse>()('JoinToken', {
  join_token: text,
  expire_time: instant,
  ca_pem: text,
});

export const whoami = view<{
  organizationId: string;
  projectId: string;
  principalId: string;
  keyId: string;
  permissions: readonly string[];
  gatewayUrl: string;
}>()('Whoami', {
  organization_id: text,
  project_id: text,
  principal_id: text,
  key_id: text,
  permissions: z.array(text).readonly(),
  gateway_url: text,
});

export const projectPage = pageOf(project, 'ProjectPage');
export const principalPage = pageOf(principal, 'PrincipalPage');
export const apiKeyPage = pageOf(apiKey, 'ApiKeyPage');
