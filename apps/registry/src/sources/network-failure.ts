import { DomainError, isDomainError } from '@ostro/kernel';

const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|ERR_TLS_CERT_)/;

/** What a failed connection means for an import: most pass, a wrong name or certificate does not. */
export function networkFailure(error: unknown, host: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const known = [error, (error as Error | undefined)?.cause].find(isDomainError);
  if (known) return known;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const options = { details: { host }, cause: error };
  if (code === 'ENOTFOUND') {
    return new DomainError('FAILED_PRECONDITION', 'SOURCE_HOST_UNKNOWN', `there is no host ${host}; check it`, options);
  }
  if (UNTRUSTED.test(code)) {
    const text = `the certificate of ${host} is not trusted (${code}); the operator can add its authority with OSTRO_IMPORT_CA_FILE`;
    return new DomainError('FAILED_PRECONDITION', 'SOURCE_UNTRUSTED', text, options);
  }
  return new DomainError('UNAVAILABLE', 'SOURCE_UNREACHABLE', `${host} does not answer: ${message}`, options);
}
