import { DomainError } from '@ostro/kernel';
import type { EventRecord, WireRecord } from './event-record.ts';

/** CloudEvents 1.0 in binary mode: the envelope is headers, the payload stays protobuf. */
const ENVELOPE = new Set([
  'ce_specversion',
  'ce_id',
  'ce_source',
  'ce_subject',
  'ce_time',
  'ce_type',
  'content-type',
  'traceparent',
  'organization_id',
]);

export function toWire(record: EventRecord): WireRecord {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: record.id,
    ce_source: record.source,
    ce_subject: record.subject,
    ce_time: record.time.toISOString(),
    ce_type: record.type,
    'content-type': 'application/protobuf',
  };
  if (record.traceparent !== undefined) headers.traceparent = record.traceparent;
  if (record.organizationId !== undefined) headers.organization_id = record.organizationId;
  for (const [name, value] of Object.entries(record.headers ?? {})) {
    if (ENVELOPE.has(name)) {
      throw new DomainError(
        'INVALID_ARGUMENT',
        'RESERVED_HEADER',
        `header ${name} belongs to the envelope: set the field of the record instead`,
      );
    }
    headers[name] = value;
  }
  const value = record.tombstone === true ? null : record.value;
  return { key: record.key, value, headers, ...optional('partition', record.partition) };
}

export interface Undecodable {
  readonly undecodable: string;
}

/** Reading may fail, since others write too; then it says why. */
export function fromWire(topic: string, wire: WireRecord): EventRecord | Undecodable {
  const { headers } = wire;
  if (headers.ce_specversion !== '1.0') return { undecodable: 'no CloudEvents 1.0 envelope' };
  const { ce_id: id, ce_source: source, ce_type: type } = headers;
  if (!id || !source || !type) return { undecodable: 'ce_id, ce_source or ce_type is missing' };
  const time = new Date(headers.ce_time ?? '');
  if (Number.isNaN(time.getTime())) return { undecodable: 'ce_time is no timestamp' };
  return {
    topic,
    key: wire.key,
    type,
    id,
    source,
    subject: headers.ce_subject ?? '',
    time,
    value: wire.value ?? new Uint8Array(),
    ...optional('organizationId', headers.organization_id),
    ...optional('traceparent', headers.traceparent),
    ...(wire.value === null ? { tombstone: true } : {}),
    ...optional('headers', furtherHeaders(headers)),
    ...optional('partition', wire.partition),
  };
}

function furtherHeaders(headers: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const further = Object.entries(headers).filter(([name]) => !ENVELOPE.has(name));
  return further.length === 0 ? undefined : Object.fromEntries(further);
}

function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: V });
}
