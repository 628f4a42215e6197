import { basename } from 'node:path';
import { usageError } from '../usage-error.ts';

/** Where a model comes from, as a person writes it. */
export type ImportSource =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'https'; readonly url: string }
  | { readonly kind: 'hugging_face'; readonly repository: string; readonly file: string; readonly revision: string }
  | { readonly kind: 'packaged'; readonly name: string };

const HUGGING_FACE = /^hf:\/\/([^/\s]+\/[^/@\s]+)(?:@([^/\s]+))?\/(\S+)$/;

/** @throws DomainError INVALID_ARGUMENT (USAGE) for an address that has none of the four forms. */
export function parseImportSource(text: string): ImportSource {
  if (text.startsWith('packaged:')) return { kind: 'packaged', name: text.slice('packaged:'.length) };
  if (text.startsWith('hf://')) return huggingFace(text);
  if (text.startsWith('https://') && URL.canParse(text)) return { kind: 'https', url: text };
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { kind: 'path', path: text };
  throw usageError(`"${text}" is no source: use a path, an https:// address, hf://org/name/file or packaged:NAME`);
}

function huggingFace(text: string): ImportSource {
  const [, repository, revision = '', file] = HUGGING_FACE.exec(text) ?? [];
  if (!repository || !file) throw usageError('write it as hf://org/name/file or hf://org/name@revision/file');
  return { kind: 'hugging_face', repository, file, revision };
}

/** A name for the model when none was given: that of the file, in the characters that names may have. */
export function modelNameFor(source: ImportSource): string {
  const name = basename(placeOf(source))
    .replace(/\.(gguf|safetensors)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 80);
  if (name === '') throw usageError('the source has no name that a model could have: give one with --name');
  return name;
}

function placeOf(source: ImportSource): string {
  switch (source.kind) {
    case 'path':
      return source.path;
    case 'https':
      return new URL(source.url).pathname;
    case 'hugging_face':
      return source.file;
    case 'packaged':
      return source.name;
  }
}
