import { DomainError } from '@ostro/kernel';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** All that is wrong with a request at once, each with the path of its field. */
export function inputProblem(issues: readonly Issue[]): DomainError {
  const told = issues.slice(0, 20).map(({ message, path = [] }) => {
    const field = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return { field, message };
  });
  const sentence = told.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
  const fields = told.filter(({ field }) => field !== '').map(({ field, message }) => [field, message] as const);
  return new DomainError('INVALID_ARGUMENT', 'INVALID_REQUEST', sentence, { details: Object.fromEntries(fields) });
}
