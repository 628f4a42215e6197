import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Level, type Logger, pino } from 'pino';
import { currentRequestId } from './trace.ts';

/** Names under which a secret, a prompt or an answer could be logged by mistake, at the top and one level down. */
const NEVER_LOGGED = [
  'answer',
  'api_key',
  'apiKey',
  'authorization',
  'completion',
  'content',
  'cookie',
  'input',
  'key_pem',
  'keyPem',
  'messages',
  'password',
  'prompt',
  'secret',
  'token',
];

export interface LoggerOptions {
  readonly service: string;
  readonly level: Level;
  readonly instance?: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * One JSON object a line. Each carries the trace, span and request it was written in, found from the context, so
 * nobody passes them along. Secrets and content are `Sensitive`; the redacted names are the second net.
 */
export function createLogger({ service, level, instance, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, ...(instance !== undefined && { instance }) },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: NEVER_LOGGED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    mixin: context,
  };
  return destination ? pino(options, destination) : pino(options);
}

function context(): Record<string, string> {
  const fields: Record<string, string> = {};
  const span = trace.getActiveSpan()?.spanContext();
  if (span) {
    fields['trace_id'] = span.traceId;
    fields['span_id'] = span.spanId;
  }
  const requestId = currentRequestId();
  if (requestId !== undefined) fields['request_id'] = requestId;
  return fields;
}

/** Nest's own messages as lines of our log. Nest passes the place a message comes from as its last argument. */
export class NestLogger {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  #write(level: Level, message: unknown, rest: unknown[]): void {
    const from = rest.findLast((part): part is string => typeof part === 'string' && !part.includes('\n'));
    const stack = rest.find((part): part is string => typeof part === 'string' && part.includes('\n'));
    const fields = {
      ...(from !== undefined && { from }),
      ...(stack !== undefined && { stack }),
      ...(message instanceof Error && { err: message }),
    };
    this.#logger[level](fields, message instanceof Error ? message.message : textOf(message));
  }
}

function textOf(message: unknown): string {
  return typeof message === 'string' ? message : JSON.stringify(message);
}
