import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { DomainError } from '@ostro/kernel';

/** A file to upload. */
export interface LocalFile {
  /** Where it is here. */
  readonly at: string;
  /** Path below the model's root, with "/". */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modified: Date;
}

/**
 * One file, or all that a folder holds; what a version control system or a downloader hides in it stays here.
 *
 * @throws DomainError NOT_FOUND (FILE_NOT_FOUND), INVALID_ARGUMENT (NOTHING_TO_UPLOAD).
 */
export async function localFiles(directory: string, path: string): Promise<LocalFile[]> {
  const root = resolve(directory, path);
  const stats = await stat(root).catch((cause: NodeJS.ErrnoException) => {
    throw new DomainError('NOT_FOUND', 'FILE_NOT_FOUND', `${root} cannot be read: ${cause.code}`, { cause });
  });
  if (!stats.isDirectory()) return [await fileAt(root, basename(root))];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const files = paths.filter((below) => !below.split(sep).some((part) => part.startsWith('.'))).sort();
  if (files.length === 0) {
    throw new DomainError('INVALID_ARGUMENT', 'NOTHING_TO_UPLOAD', `${root} has no files that a model is made of`);
  }
  return Promise.all(files.map((below) => fileAt(join(root, below), below.split(sep).join('/'))));
}

async function fileAt(at: string, path: string): Promise<LocalFile> {
  const { size, mtime } = await stat(at);
  return { at, path, sizeBytes: size, modified: mtime };
}
