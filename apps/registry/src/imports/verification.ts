import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Id } from '@ostro/kernel';
import { type ByteSource, type ModelFacts, type ModelFile, readFacts } from '@ostro/model-formats';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { Staging } from '../blobs/staging.ts';
import type { Import, ImportedFile } from '../domain/import.ts';
import { CHUNK_SIZE_BYTES, type Manifest } from '../domain/manifest.ts';
import type { RevisionFacts } from '../domain/revision.ts';
import { assertComplete } from '../domain/upload.ts';

/** What an import's bytes turned out to be. */
export interface Verified {
  readonly manifest: Manifest;
  readonly facts: RevisionFacts;
  /** As the files say; empty: they do not. */
  readonly licence: string;
}

/**
 * Turns staged files into blobs of a known format. Repeating it after a crash is safe at every step: a file is found
 * where it was staged or, by the digest that was kept before, among the blobs.
 */
export class Verification {
  constructor(
    private readonly staging: Staging,
    private readonly blobs: BlobStore,
  ) {}

  /** The files with their digests. @throws DomainError FAILED_PRECONDITION (UPLOAD_INCOMPLETE) */
  async hashed({ id, files }: Import): Promise<readonly ImportedFile[]> {
    const hashed: ImportedFile[] = [];
    for (const [index, file] of files.entries()) {
      if (file.sha256 !== null) {
        hashed.push(file);
        continue;
      }
      const digests = await this.staging.use(id, index, (staged) => staged.sync());
      assertComplete([file], [digests.sizeBytes]);
      hashed.push({ ...file, ...digests });
    }
    return hashed;
  }

  /** @throws DomainError INVALID_ARGUMENT with the rule that the files break. */
  async verify(importId: Id<'imp'>, files: readonly ImportedFile[]): Promise<Verified> {
    await using opened = new AsyncDisposableStack();
    const sources: ModelFile[] = [];
    for (const [index, { path, sha256 }] of files.entries()) {
      const blob = await this.blobs.open(sha256!);
      const handle = blob?.handle ?? (await open(this.staging.pathOf(importId, index), 'r'));
      opened.defer(() => handle.close());
      const { size } = await handle.stat();
      const read: ByteSource['read'] = async (offset, length) => {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      };
      sources.push({ path, source: { size, read } });
    }
    const facts = await readFacts(sources);
    const chatTemplateSha256 =
      facts.chatTemplate === null ? null : createHash('sha256').update(facts.chatTemplate, 'utf8').digest('hex');
    const manifest = { files: files.map(toManifestFile), chatTemplateSha256 };
    return { manifest, facts: toRevisionFacts(facts), licence: facts.licence ?? '' };
  }

  /** From here on the bytes are blobs, which anybody who knows their digest can read. */
  async adopt(importId: Id<'imp'>, files: readonly ImportedFile[]): Promise<void> {
    for (const [index, { sha256 }] of files.entries()) {
      await this.blobs.adopt(this.staging.pathOf(importId, index), sha256!);
    }
  }
}

function toManifestFile({ path, sizeBytes, sha256, chunkSha256 }: ImportedFile): Manifest['files'][number] {
  return { path, sizeBytes: sizeBytes!, sha256: sha256!, chunkSizeBytes: CHUNK_SIZE_BYTES, chunkSha256 };
}

function toRevisionFacts(facts: ModelFacts): RevisionFacts {
  const { format, architecture, layers, kvHeads, keyHeadSize, valueHeadSize, embeddingLength, contextLength } = facts;
  const { slidingWindow, latentAttention, weightBytes, parameterCount, quantisation, vocabularySize } = facts;
  return {
    ...{ format, architecture, layers, kvHeads, keyHeadSize, valueHeadSize, embeddingLength, contextLength },
    ...{ slidingWindow, latentAttention, weightBytes, parameterCount, quantisation, vocabularySize },
    hasChatTemplate: facts.chatTemplate !== null,
  };
}
