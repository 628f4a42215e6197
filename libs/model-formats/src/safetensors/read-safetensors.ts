import { ByteCursor } from '../byte-cursor.ts';
import type { ByteSource } from '../byte-source.ts';
import { KeptBytes } from '../kept-bytes.ts';
import { quoted, refuse } from '../rules.ts';
import { JsonScanner } from './json-scanner.ts';
import { checkLayout, MAX_DIMS, type SafetensorsTensor, tensorOf } from './safetensors-tensors.ts';

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: readonly SafetensorsTensor[];
  /** Where the data section begins in the file. */
  readonly dataOffset: number;
}

const MAX_HEADER_BYTES = 100_000_000;
const MAX_KEPT_BYTES = 33_554_432;
const MAX_TENSORS = 131_072;
const MAX_METADATA_ENTRIES = 4_096;
const MAX_NAME_BYTES = 512;
const MAX_STRING_BYTES = 1_000_000;
const TENSOR_COST = 192;

/**
 * Reads and checks a whole safetensors header without touching tensor data. What passes has its tensors one behind
 * the other from the first byte of the data section to the last of the file. Throws INVALID_ARGUMENT with the broken
 * rule as reason.
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const dataOffset = await readHeaderEnd(source);
  const cursor = new ByteCursor(source, { end: dataOffset, truncated: 'SAFETENSORS_TRUNCATED' });
  cursor.skip(8);
  const header = await new HeaderReader(cursor).read();
  checkLayout(header.tensors, source.size - dataOffset);
  return { ...header, dataOffset };
}

async function readHeaderEnd(source: ByteSource): Promise<number> {
  const cursor = new ByteCursor(source, { end: source.size, truncated: 'SAFETENSORS_TRUNCATED', windowBytes: 8 });
  await cursor.need(8, 'the length of the header');
  const length = cursor.u64();
  if (length > MAX_HEADER_BYTES) {
    refuse('SAFETENSORS_HEADER_TOO_LARGE', `The header says it has ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  }
  if (length > cursor.remaining) {
    refuse(
      'SAFETENSORS_HEADER_BEYOND_FILE',
      `The header says it has ${length} bytes, the file has ${cursor.remaining} left`,
    );
  }
  return length + 8;
}

/** The grammar of a header: an object of tensor infos, and perhaps one `__metadata__` of strings. */
class HeaderReader {
  readonly #cursor: ByteCursor;
  readonly #json: JsonScanner;
  readonly #kept = new KeptBytes(MAX_KEPT_BYTES, 'SAFETENSORS_HEADER_TOO_LARGE');
  readonly #metadata = new Map<string, string>();
  readonly #tensors: SafetensorsTensor[] = [];
  readonly #names = new Set<string>();

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
    this.#json = new JsonScanner(cursor);
  }

  async read(): Promise<Omit<SafetensorsHeader, 'dataOffset'>> {
    await this.#open();
    if (!(await this.#json.isEmpty('}'))) {
      do await this.#readEntry();
      while (await this.#json.more('}'));
    }
    if ((await this.#json.peek()) !== undefined) this.#json.refuse('SAFETENSORS_JSON', 'Something follows the header');
    return { metadata: this.#metadata, tensors: this.#tensors };
  }

  async #open(): Promise<void> {
    const start = this.#cursor;
    if (start.remaining > 0) await start.need(1, 'the header');
    if (start.remaining === 0 || start.u8() !== 0x7b)
      refuse('SAFETENSORS_HEADER_START', 'The header does not begin with "{"');
  }

  async #readEntry(): Promise<void> {
    const name = await this.#json.string(MAX_NAME_BYTES, 'SAFETENSORS_NAME_TOO_LONG');
    if (name === '') this.#json.refuse('SAFETENSORS_NAME_TOO_LONG', 'A tensor has no name');
    if (this.#names.has(name)) this.#json.refuse('SAFETENSORS_DUPLICATE', `${quoted(name)} is written twice`);
    this.#names.add(name);
    await this.#json.take(':');
    if (name === '__metadata__') return this.#readMetadata();
    this.#kept.charge(name.length + TENSOR_COST);
    this.#tensors.push(await this.#readTensor(name));
    if (this.#tensors.length > MAX_TENSORS) {
      refuse('SAFETENSORS_COUNT_TOO_LARGE', `The header has more than ${MAX_TENSORS} tensors`);
    }
  }

  async #readMetadata(): Promise<void> {
    await this.#json.take('{', 'SAFETENSORS_METADATA');
    if (await this.#json.isEmpty('}')) return;
    do {
      const key = await this.#json.string(MAX_STRING_BYTES, 'SAFETENSORS_STRING_TOO_LONG', 'SAFETENSORS_METADATA');
      if (this.#metadata.has(key))
        this.#json.refuse('SAFETENSORS_DUPLICATE', `Metadata ${quoted(key)} is written twice`);
      await this.#json.take(':');
      const value = await this.#json.string(MAX_STRING_BYTES, 'SAFETENSORS_STRING_TOO_LONG', 'SAFETENSORS_METADATA');
      this.#kept.charge(key.length + value.length + TENSOR_COST);
      this.#metadata.set(key, value);
      if (this.#metadata.size > MAX_METADATA_ENTRIES) {
        refuse('SAFETENSORS_COUNT_TOO_LARGE', `The header has more than ${MAX_METADATA_ENTRIES} metadata entries`);
      }
    } while (await this.#json.more('}', 'SAFETENSORS_METADATA'));
  }

  async #readTensor(name: string): Promise<SafetensorsTensor> {
    const fields: { dtype?: string; shape?: number[]; data_offsets?: number[] } = {};
    await this.#json.take('{', 'SAFETENSORS_FIELD');
    if (await this.#json.isEmpty('}')) return tensorOf(name, fields);
    do {
      const field = await this.#json.string(MAX_NAME_BYTES, 'SAFETENSORS_FIELD');
      if (Object.hasOwn(fields, field))
        this.#json.refuse('SAFETENSORS_DUPLICATE', `${quoted(field)} of ${quoted(name)} is written twice`);
      await this.#json.take(':');
      if (field === 'dtype')
        fields.dtype = await this.#json.string(MAX_NAME_BYTES, 'SAFETENSORS_DTYPE', 'SAFETENSORS_DTYPE');
      else if (field === 'shape') fields.shape = await this.#readNumbers(MAX_DIMS, 'SAFETENSORS_SHAPE');
      else if (field === 'data_offsets') fields.data_offsets = await this.#readNumbers(2, 'SAFETENSORS_OFFSETS');
      else this.#json.refuse('SAFETENSORS_FIELD', `Tensor ${quoted(name)} has the field ${quoted(field)}`);
    } while (await this.#json.more('}'));
    return tensorOf(name, fields);
  }

  async #readNumbers(limit: number, rule: 'SAFETENSORS_SHAPE' | 'SAFETENSORS_OFFSETS'): Promise<number[]> {
    const numbers: number[] = [];
    await this.#json.take('[', rule);
    if (await this.#json.isEmpty(']')) return numbers;
    do {
      numbers.push(await this.#json.wholeNumber(rule));
      if (numbers.length > limit) this.#json.refuse(rule, `More than ${limit} numbers`);
    } while (await this.#json.more(']', rule));
    return numbers;
  }
}
