import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

/** The parts of `google.rpc.Status` with one `google.rpc.ErrorInfo` that carry a DomainError. */
export interface ErrorInfo {
  readonly code: number;
  readonly message: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, string>>;
}

const TYPE_URL = 'type.googleapis.com/google.rpc.ErrorInfo';
const DOMAIN = 'ostro';

/** Status { int32 code = 1; string message = 2; repeated Any details = 3; } */
export function encodeErrorInfo({ code, message, reason, details }: ErrorInfo): Uint8Array {
  // ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  const info = new BinaryWriter().uint32(tag(1)).string(reason).uint32(tag(2)).string(DOMAIN);
  for (const [key, value] of Object.entries(details)) {
    info.uint32(tag(3)).fork().uint32(tag(1)).string(key).uint32(tag(2)).string(value).join();
  }
  // Any { string type_url = 1; bytes value = 2; }
  return new BinaryWriter()
    .uint32((1 << 3) | 0)
    .int32(code)
    .uint32(tag(2))
    .string(message)
    .uint32(tag(3))
    .fork()
    .uint32(tag(1))
    .string(TYPE_URL)
    .uint32(tag(2))
    .bytes(info.finish())
    .join()
    .finish();
}

/** Undefined when the bytes are no status of Ostro: another server may answer in its own way. */
export function decodeErrorInfo(bytes: Uint8Array): ErrorInfo | undefined {
  try {
    const status = fields(bytes);
    for (const any of status.lengthDelimited(3)) {
      const detail = fields(any);
      if (text(detail.lengthDelimited(1)[0]) !== TYPE_URL) continue;
      const info = fields(detail.lengthDelimited(2)[0] ?? new Uint8Array());
      if (text(info.lengthDelimited(2)[0]) !== DOMAIN) continue;
      const entries = info.lengthDelimited(3).map((entry) => {
        const pair = fields(entry);
        return [text(pair.lengthDelimited(1)[0]), text(pair.lengthDelimited(2)[0])] as const;
      });
      return {
        code: status.varint(1),
        message: text(status.lengthDelimited(2)[0]),
        reason: text(info.lengthDelimited(1)[0]),
        details: Object.fromEntries(entries),
      };
    }
    return undefined;
  } catch {
    // Bytes that do not parse are bytes without our details; the status itself still says what happened.
    return undefined;
  }
}

function tag(field: number): number {
  return (field << 3) | 2;
}

function fields(bytes: Uint8Array) {
  const chunks = new Map<number, Uint8Array[]>();
  const numbers = new Map<number, number>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 2) chunks.set(field, [...(chunks.get(field) ?? []), reader.bytes()]);
    else if (wireType === 0) numbers.set(field, reader.int32());
    else reader.skip(wireType, field);
  }
  return {
    lengthDelimited: (field: number) => chunks.get(field) ?? [],
    varint: (field: number) => numbers.get(field) ?? 0,
  };
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
