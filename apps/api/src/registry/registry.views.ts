import { registryV1 } from '@ostro/contracts';
import { z } from 'zod';
import { flag, hex, instant, oneOf, pageOf, quantity, text, view, whole } from '../shapes/view.ts';
import { words } from '../shapes/words.ts';

export const alias = view<registryV1.Alias>()('Alias', { name: text, digest: text, generation: quantity });

export const model = view<registryV1.Model>()('Model', {
  model_id: text,
  organization_id: text,
  name: text,
  licence: text,
  create_time: instant,
  aliases: z.array(alias),
});

const manifestFile = view<registryV1.ManifestFile>()('ManifestFile', {
  path: text,
  size_bytes: quantity,
  sha256: hex,
  chunk_size_bytes: quantity,
  chunk_sha256: z.array(hex),
});

const manifest = view<registryV1.Manifest>()('Manifest', {
  files: z.array(manifestFile),
  chat_template_sha256: hex,
});

const latentAttention = view<registryV1.LatentAttention>()('LatentAttention', {
  kv_lora_rank: whole,
  rope_dimensions: whole,
});

const facts = view<registryV1.ModelFacts>()('ModelFacts', {
  architecture: text,
  layers: whole,
  kv_heads: whole,
  head_dimension_key: whole,
  head_dimension_value: whole,
  embedding_length: whole,
  context_length: whole,
  sliding_window: whole,
  sliding_window_layers: whole,
  latent_attention: latentAttention.optional(),
  weight_bytes: quantity,
  parameter_count: quantity,
  quantisation: text,
  vocabulary_size: whole,
  has_chat_template: flag,
});

export const modelRevision = view<registryV1.ModelRevision>()('ModelRevision', {
  digest: text,
  model_id: text,
  organization_id: text,
  model_name: text,
  format: words(registryV1.ModelFormat).view,
  manifest: manifest.optional(),
  facts: facts.optional(),
  licence: text,
  source: text,
  create_time: instant,
});

const catalogueEntry = view<registryV1.CatalogueEntry>()('CatalogueEntry', {
  name: text,
  description: text,
  licence: text,
  licence_url: text,
  size_bytes: quantity,
  source: text,
  sha256: text,
});

const uploadFile = view<registryV1.UploadFile>()('UploadFile', {
  path: text,
  size_bytes: quantity,
  received_bytes: quantity,
});

const importSource = oneOf<NonNullable<registryV1.Import['source']>>()({
  upload: view<registryV1.UploadSource>()('UploadSource', { files: z.array(uploadFile) }),
  https: view<registryV1.HttpsSource>()('HttpsSource', { url: text, sha256: text }),
  hugging_face: view<registryV1.HuggingFaceSource>()('HuggingFaceSource', {
    repository: text,
    file: text,
    revision: text,
  }),
  packaged: view<registryV1.PackagedSource>()('PackagedSource', { name: text }),
});

export const importView = view<registryV1.Import>()('Import', {
  import_id: text,
  organization_id: text,
  model_name: text,
  alias: text,
  source: importSource,
  state: words(registryV1.ImportState).view,
  received_bytes: quantity,
  total_bytes: quantity,
  digest: text,
  error_reason: text,
  error_message: text,
  create_time: instant,
  update_time: instant,
});

/** How far a file has come after a piece of it was taken. */
export const uploaded = view<{ path: string; receivedBytes: bigint }>()('UploadedFile', {
  path: text,
  received_bytes: quantity,
});

export const modelPage = pageOf(model, 'ModelPage');
export const modelRevisionPage = pageOf(modelRevision, 'ModelRevisionPage');
export const cataloguePage = pageOf(catalogueEntry, 'CataloguePage');
export const importPage = pageOf(importView, 'ImportPage');
