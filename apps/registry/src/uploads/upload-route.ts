import type { IncomingMessage } from 'node:http';
import { METHOD_ACCESS } from '@ostro/contracts';
import { DomainError, parseId } from '@ostro/kernel';
import type { AccessClaims, AccessTokenVerifier } from '@ostro/pki';
import type { BlobRoute } from '../blobs/blob-server.ts';
import type { ImportsService } from '../imports/imports.service.ts';
import { type UploadTarget, uploadTarget, type UploadsHttp } from './uploads.http.ts';

/** Whoever may start an import may send its bytes. */
const { peers, permission } = METHOD_ACCESS['/ostro.registry.v1.ImportService/CreateImport']!;

/** `/imports/{import_id}/files/{path}`, for the api on behalf of somebody who may import. */
export function uploadRoute(
  uploads: UploadsHttp,
  imports: ImportsService,
  tokens: Pick<AccessTokenVerifier, 'verify'>,
): BlobRoute {
  return {
    path: /^\/imports\/([^/?]+)\/files\/([^?]+)$/,
    peers,
    methods: ['PATCH', 'HEAD'],
    async handle([, importId = '', path = ''], request, response) {
      const { organizationId } = await claimsOf(request, tokens);
      const imported = await imports.get(organizationId, parseId('imp', importId, 'import_id'));
      const target: UploadTarget = uploadTarget(imported, decoded(path));
      if (request.method === 'HEAD') await uploads.tell(target, response);
      else await uploads.append(target, request, response);
    },
  };
}

async function claimsOf(request: IncomingMessage, tokens: Pick<AccessTokenVerifier, 'verify'>): Promise<AccessClaims> {
  const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer') {
    throw new DomainError('UNAUTHENTICATED', 'TOKEN_REQUIRED', 'send an access token as Authorization: Bearer');
  }
  const claims = await tokens.verify(token);
  if (permission !== undefined && claims.permissions.includes(permission)) return claims;
  throw new DomainError(
    'PERMISSION_DENIED',
    'PERMISSION_REQUIRED',
    `uploads need the permission ${permission}; ask an owner of the organization for it`,
  );
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new DomainError('INVALID_ARGUMENT', 'INVALID_PATH', 'the path is not percent-encoded UTF-8', { cause });
  }
}
