import { registryV1 } from '@ostro/contracts';
import type { Manifest, ManifestFile } from '../domain/manifest.ts';
import type { ModelRevision, RevisionFacts } from '../domain/revision.ts';

const FORMATS = {
  gguf: registryV1.ModelFormat.MODEL_FORMAT_GGUF,
  safetensors: registryV1.ModelFormat.MODEL_FORMAT_SAFETENSORS,
} as const;

export function revisionToProto(revision: ModelRevision): registryV1.ModelRevision {
  const { manifest, facts, createdAt, ...same } = revision;
  return {
    ...same,
    format: FORMATS[facts.format],
    manifest: manifestToProto(manifest),
    facts: factsToProto(facts),
    createTime: createdAt,
  };
}

function manifestToProto({ files, chatTemplateSha256 }: Manifest): registryV1.Manifest {
  return { files: files.map(fileToProto), chatTemplateSha256: Buffer.from(chatTemplateSha256 ?? '', 'hex') };
}

function fileToProto(file: ManifestFile): registryV1.ManifestFile {
  return {
    path: file.path,
    sizeBytes: BigInt(file.sizeBytes),
    sha256: Buffer.from(file.sha256, 'hex'),
    chunkSizeBytes: BigInt(file.chunkSizeBytes),
    chunkSha256: file.chunkSha256.map((hex) => Buffer.from(hex, 'hex')),
  };
}

function factsToProto(facts: RevisionFacts): registryV1.ModelFacts {
  const { latentAttention, slidingWindow } = facts;
  return {
    architecture: facts.architecture,
    layers: facts.layers,
    kvHeads: facts.kvHeads,
    headDimensionKey: facts.keyHeadSize,
    headDimensionValue: facts.valueHeadSize,
    embeddingLength: facts.embeddingLength,
    contextLength: facts.contextLength,
    slidingWindow: slidingWindow?.tokens ?? 0,
    slidingWindowLayers: slidingWindow?.layers ?? 0,
    latentAttention: latentAttention
      ? { kvLoraRank: latentAttention.kvLoraRank, ropeDimensions: latentAttention.ropeHeadSize }
      : undefined,
    weightBytes: BigInt(facts.weightBytes),
    parameterCount: BigInt(facts.parameterCount),
    quantisation: facts.quantisation,
    vocabularySize: facts.vocabularySize,
    hasChatTemplate: facts.hasChatTemplate,
  };
}
