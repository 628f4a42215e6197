import { type DynamicModule, Module } from '@nestjs/common';
import type { Outbox } from '@ostro/messaging';
import type { TransactionRunner } from '@ostro/persistence';
import { AccessTokenVerifier, type ServiceIdentity } from '@ostro/pki';
import type { ServiceContext } from '@ostro/service-host';
import type { BlobRoute } from './blobs/blob-server.ts';
import { BlobStore } from './blobs/blob-store.ts';
import { BlobsHttp } from './blobs/blobs.http.ts';
import type { Staging } from './blobs/staging.ts';
import { RevisionEvents } from './events/revision-events.ts';
import { ImportChanges } from './imports/import-changes.ts';
import { ImportReaper } from './imports/import-reaper.ts';
import { ImportReconciler } from './imports/import.reconciler.ts';
import { ImportWorker } from './imports/import-worker.ts';
import { ImportsGrpc } from './imports/imports.grpc.ts';
import { ImportsRepository } from './imports/imports.repository.ts';
import { ImportsService } from './imports/imports.service.ts';
import { Publication } from './imports/publication.ts';
import { UploadProgress } from './uploads/upload-progress.ts';
import { uploadRoute } from './uploads/upload-route.ts';
import { UploadsHttp } from './uploads/uploads.http.ts';
import { Verification } from './imports/verification.ts';
import type { Catalogue } from './models/catalogue.ts';
import { ModelsGrpc } from './models/models.grpc.ts';
import { ModelsRepository } from './models/models.repository.ts';
import { ModelsService } from './models/models.service.ts';
import type { GuardedHttp } from './sources/guarded-http.ts';
import { Sources, type SourceSettings } from './sources/sources.ts';

/** What the registry is built on: everything that was opened and must be closed again is in here, and nothing else. */
export interface RegistryParts {
  readonly cellId: string;
  readonly transactions: TransactionRunner;
  readonly outbox: Outbox;
  readonly identity: ServiceIdentity;
  readonly catalogue: Catalogue;
  readonly blobDir: string;
  readonly staging: Staging;
  readonly http: GuardedHttp;
  readonly sources: SourceSettings;
  readonly importLeaseMs: number;
  readonly context: ServiceContext;
}

/** The whole graph of objects, made in one place and checked by the compiler. */
export function composeRegistry(parts: RegistryParts) {
  const { transactions, catalogue, staging, context } = parts;
  const { clock, logger } = context;
  const blobs = new BlobStore(parts.blobDir);
  const changes = new ImportChanges();
  const imports = new ImportsRepository();
  const models = new ModelsRepository();
  const sources = new Sources(catalogue, parts.http, parts.sources);
  const events = new RevisionEvents(parts.outbox, parts.cellId, context);
  const shared = { transactions, imports, sources, staging, changes, clock, logger };
  const publication = new Publication(transactions, imports, models, events, context);
  const worker = new ImportWorker({ ...shared, verification: new Verification(staging, blobs), publication });
  const importsService = new ImportsService({ ...shared, context });
  const uploads = new UploadsHttp(staging, new UploadProgress(transactions, imports, staging, changes, clock));
  return {
    catalogue,
    models: new ModelsService(transactions, models),
    imports: importsService,
    reconciler: new ImportReconciler({ ...shared, worker, leaseMs: parts.importLeaseMs }),
    reaper: new ImportReaper(shared),
    routes: [
      blobRoute(new BlobsHttp(blobs)),
      uploadRoute(uploads, importsService, new AccessTokenVerifier(parts.identity.caPem, clock)),
    ],
  };
}

export type RegistryGraph = ReturnType<typeof composeRegistry>;

/** `/blobs/sha256:<hex>`, for whoever puts weights onto nodes. */
function blobRoute(blobs: BlobsHttp): BlobRoute {
  return {
    path: /^\/blobs\/sha256(?::|%3A)([0-9a-f]{64})$/i,
    peers: ['node', 'api'],
    methods: ['GET', 'HEAD'],
    handle: ([, sha256 = ''], request, response) => blobs.serve(sha256.toLowerCase(), request, response),
  };
}

@Module({})
export class RegistryModule {
  /** The services as Nest's controllers ask for them: each class is its own token. */
  static of({ catalogue, models, imports }: RegistryGraph): DynamicModule {
    const providers = [catalogue, models, imports].map((instance) => ({
      provide: instance.constructor,
      useValue: instance,
    }));
    return { module: RegistryModule, controllers: [ModelsGrpc, ImportsGrpc], providers };
  }
}
