import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as contracts from './index.ts';
import { TOPICS } from './index.ts';

const DIR = join(import.meta.dirname, '../../../proto/testdata');

interface Golden {
  /** Full protobuf name. */
  readonly type: string;
  /** The bytes as they were once written to a topic. */
  readonly base64: string;
  /** What they meant then: bigints end in "n", bytes begin with "hex:". */
  readonly decoded: unknown;
}

interface Codec {
  decode(bytes: Uint8Array): unknown;
}

/** "ostro.usage.v1.UsageBatch" -> contracts.usageV1.UsageBatch */
function codecOf(type: string): Codec {
  const [, area, version, name] = type.split('.') as [string, string, string, string];
  const namespaces = contracts as unknown as Record<string, Record<string, Codec>>;
  return namespaces[`${area}${version.toUpperCase()}`]![name]!;
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return value instanceof Uint8Array ? `hex:${Buffer.from(value).toString('hex')}` : value;
}

const samples = readdirSync(DIR).map((file) => JSON.parse(readFileSync(join(DIR, file), 'utf8')) as Golden);

describe('golden samples: what was once written to a topic means the same today', () => {
  it('has one for every value of every topic', () => {
    const types = Object.values(TOPICS).flatMap((topic) => [...topic.types]);
    expect(new Set(samples.map(({ type }) => type))).toEqual(new Set(types));
  });

  it.each(samples.map((sample) => [sample.type, sample] as const))('%s', (type, { base64, decoded }) => {
    const now = JSON.parse(JSON.stringify(codecOf(type).decode(Buffer.from(base64, 'base64')), plain)) as object;
    // A field that was added since is empty in an old record, and that is fine.
    expect(now).toMatchObject(decoded as object);
  });
});
