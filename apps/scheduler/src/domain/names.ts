import { DomainError } from '@ostro/kernel';

const NAME = /^[a-z0-9.-]{1,60}$/;

/** Names end up in the `model` field of requests. @throws DomainError INVALID_ARGUMENT (INVALID_NAME) */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_NAME',
    'name must be 1 to 60 characters of a-z, 0-9, "." and "-"',
    {
      details: { field: 'name' },
    },
  );
}
