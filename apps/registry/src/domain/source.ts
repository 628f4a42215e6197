import { DomainError } from '@ostro/kernel';
import { MAX_MODEL_BYTES } from './manifest.ts';
import { checkedPath } from './names.ts';

export interface UploadFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Where an import's bytes come from. */
export type ImportSource =
  | { readonly kind: 'upload'; readonly files: readonly UploadFile[] }
  | { readonly kind: 'https'; readonly url: string; readonly sha256: string }
  | { readonly kind: 'hugging_face'; readonly repository: string; readonly file: string; readonly revision: string }
  | { readonly kind: 'packaged'; readonly name: string };

const MAX_UPLOAD_FILES = 1_000;
const SHA256 = /^[0-9a-f]{64}$/;
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
const GIT_REVISION = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;

/** The source with every part in its one spelling. @throws DomainError INVALID_ARGUMENT naming the field. */
export function checkedSource(source: ImportSource): ImportSource {
  switch (source.kind) {
    case 'upload':
      return { kind: 'upload', files: checkedFiles(source.files) };
    case 'https':
      return { kind: 'https', url: checkedUrl(source.url), sha256: checkedSha256(source.sha256) };
    case 'hugging_face':
      return checkedHuggingFace(source);
    case 'packaged':
      return source;
  }
}

/** How a revision says where it came from. It holds no query string: those carry credentials. */
export function labelOf(source: ImportSource): string {
  switch (source.kind) {
    case 'upload':
      return 'upload';
    case 'https': {
      const { origin, pathname } = new URL(source.url);
      return `${origin}${pathname}`;
    }
    case 'hugging_face':
      return `hf://${source.repository}/${source.file}@${source.revision}`;
    case 'packaged':
      return `packaged:${source.name}`;
  }
}

function checkedFiles(files: readonly UploadFile[]): readonly UploadFile[] {
  const problem = filesProblem(files);
  if (problem !== undefined) throw invalid('INVALID_UPLOAD', 'upload.files', problem);
  return files.map(({ path, sizeBytes }) => ({ path: checkedPath(path, 'upload.files.path'), sizeBytes }));
}

function filesProblem(files: readonly UploadFile[]): string | undefined {
  if (files.length < 1 || files.length > MAX_UPLOAD_FILES) return `must name 1 to ${MAX_UPLOAD_FILES} files`;
  if (new Set(files.map(({ path }) => path)).size < files.length) return 'must name each path once';
  if (files.some(({ sizeBytes }) => !(sizeBytes > 0))) return 'must give each file its size, at least one byte';
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return total > MAX_MODEL_BYTES ? `must come to at most ${MAX_MODEL_BYTES} bytes` : undefined;
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url.href;
  throw invalid('INVALID_URL', 'https.url', 'must be an https:// address without a user or password');
}

function checkedSha256(text: string): string {
  const hex = text.toLowerCase();
  if (hex === '' || SHA256.test(hex)) return hex;
  throw invalid('INVALID_DIGEST', 'https.sha256', 'must be 64 hex digits, or empty');
}

function checkedHuggingFace(source: ImportSource & { kind: 'hugging_face' }): ImportSource {
  const revision = source.revision || 'main';
  if (!REPOSITORY.test(source.repository)) {
    throw invalid('INVALID_REPOSITORY', 'hugging_face.repository', 'must have the form "organization/name"');
  }
  if (!GIT_REVISION.test(revision) || revision.includes('..')) {
    throw invalid('INVALID_REVISION', 'hugging_face.revision', 'must be a branch, a tag or a commit');
  }
  return { ...source, revision, file: checkedPath(source.file, 'hugging_face.file') };
}

function invalid(reason: string, field: string, problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', reason, `${field} ${problem}`, { details: { field } });
}
