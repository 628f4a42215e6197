import { DomainError } from '@ostro/kernel';

const SLUG = /^[a-z][a-z0-9-]{2,39}$/;
// eslint-disable-next-line no-control-regex
const LABEL = /^[^\u0000-\u001f\u007f]{1,100}$/;

/** A name that goes into addresses. @throws DomainError INVALID_ARGUMENT (INVALID_NAME) */
export function checkedSlug(name: string, field: string): string {
  if (SLUG.test(name)) return name;
  throw invalid(field, '3 to 40 characters of a-z, 0-9 and "-", starting with a letter');
}

/** A name for people. @throws DomainError INVALID_ARGUMENT (INVALID_NAME) */
export function checkedLabel(name: string, field: string): string {
  if (LABEL.test(name) && name.trim() === name) return name;
  throw invalid(field, '1 to 100 characters without control characters or blanks at its ends');
}

function invalid(field: string, shape: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_NAME', `${field} must be ${shape}`, { details: { field } });
}
