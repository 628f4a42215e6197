import { DomainError } from '@ostro/kernel';

const MODEL = /^[a-z0-9._-]{1,80}$/;
const ALIAS = /^[a-z0-9][a-z0-9._-]{0,79}$/;
const HIDDEN_SEGMENT = /^\.{1,2}$/;
// eslint-disable-next-line no-control-regex
const FILE_SEGMENT = /^[^\u0000-\u001f\u007f/\\]{1,255}$/;
const MAX_PATH_LENGTH = 512;

export const DEFAULT_ALIAS = 'default';

/** @throws DomainError INVALID_ARGUMENT (INVALID_NAME) */
export function checkedModelName(name: string, field = 'model_name'): string {
  if (MODEL.test(name)) return name;
  throw invalid('INVALID_NAME', field, '1 to 80 characters of a-z, 0-9, ".", "_" and "-"');
}

/** Empty means the alias every model has. @throws DomainError INVALID_ARGUMENT (INVALID_NAME) */
export function checkedAlias(name: string, field = 'alias'): string {
  if (name === '') return DEFAULT_ALIAS;
  if (ALIAS.test(name)) return name;
  throw invalid('INVALID_NAME', field, '1 to 80 characters of a-z, 0-9, ".", "_" and "-", a letter or digit first');
}

/** A path that stays below the model's root on every node. @throws DomainError INVALID_ARGUMENT (INVALID_PATH) */
export function checkedPath(path: string, field: string): string {
  const segments = path.split('/');
  const stays = segments.every((segment) => FILE_SEGMENT.test(segment) && !HIDDEN_SEGMENT.test(segment));
  if (stays && path.length <= MAX_PATH_LENGTH && path.isWellFormed()) return path;
  throw invalid(
    'INVALID_PATH',
    field,
    `a relative path with "/", without "..", of at most ${MAX_PATH_LENGTH} characters`,
  );
}

function invalid(reason: string, field: string, expected: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', reason, `${field} must be ${expected}`, { details: { field } });
}
