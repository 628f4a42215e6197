import { registryV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import type { Import, ImportState } from '../domain/import.ts';
import type { ImportSource } from '../domain/source.ts';

const STATES: Readonly<Record<ImportState, registryV1.ImportState>> = {
  awaiting_upload: registryV1.ImportState.IMPORT_STATE_AWAITING_UPLOAD,
  transferring: registryV1.ImportState.IMPORT_STATE_TRANSFERRING,
  verifying: registryV1.ImportState.IMPORT_STATE_VERIFYING,
  published: registryV1.ImportState.IMPORT_STATE_PUBLISHED,
  failed: registryV1.ImportState.IMPORT_STATE_FAILED,
  cancelled: registryV1.ImportState.IMPORT_STATE_CANCELLED,
};

type SourceMessage = registryV1.CreateImportRequest['source'];

/** @throws DomainError INVALID_ARGUMENT (SOURCE_MISSING) */
export function sourceFromProto(source: SourceMessage): ImportSource {
  switch (source?.$case) {
    case 'upload': {
      const files = source.upload.files.map(({ path, sizeBytes }) => ({ path, sizeBytes: Number(sizeBytes) }));
      return { kind: 'upload', files };
    }
    case 'https':
      return { kind: 'https', url: source.https.url, sha256: source.https.sha256 };
    case 'huggingFace': {
      const { repository, file, revision } = source.huggingFace;
      return { kind: 'hugging_face', repository, file, revision };
    }
    case 'packaged':
      return { kind: 'packaged', name: source.packaged.name };
    case undefined:
      throw new DomainError(
        'INVALID_ARGUMENT',
        'SOURCE_MISSING',
        'source must be one of upload, https, hugging_face and packaged',
        { details: { field: 'source' } },
      );
  }
}

/** `received` holds the bytes of each file, in the import's order. */
export function importToProto(imported: Import, received: readonly number[]): registryV1.Import {
  const isUploading = imported.state === 'awaiting_upload';
  const receivedBytes = isUploading ? received.reduce((sum, bytes) => sum + bytes, 0) : imported.receivedBytes;
  return {
    importId: imported.id,
    organizationId: imported.organizationId,
    modelName: imported.modelName,
    alias: imported.alias,
    source: sourceToProto(imported.source, received),
    state: STATES[imported.state],
    receivedBytes: BigInt(receivedBytes),
    totalBytes: BigInt(imported.totalBytes),
    digest: imported.digest ?? '',
    errorReason: imported.error?.reason ?? '',
    errorMessage: imported.error?.message ?? '',
    createTime: imported.createdAt,
    updateTime: imported.updatedAt,
  };
}

function sourceToProto(source: ImportSource, received: readonly number[]): registryV1.Import['source'] {
  switch (source.kind) {
    case 'upload': {
      const files = source.files.map(({ path, sizeBytes }, index) => ({
        path,
        sizeBytes: BigInt(sizeBytes),
        receivedBytes: BigInt(received[index]!),
      }));
      return { $case: 'upload', upload: { files } };
    }
    case 'https':
      return { $case: 'https', https: { url: source.url, sha256: source.sha256 } };
    case 'hugging_face': {
      const { repository, file, revision } = source;
      return { $case: 'huggingFace', huggingFace: { repository, file, revision } };
    }
    case 'packaged':
      return { $case: 'packaged', packaged: { name: source.name } };
  }
}
