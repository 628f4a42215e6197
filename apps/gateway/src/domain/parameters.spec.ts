import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readRequest } from './inference-request.ts';
import { type Operation, PARAMETERS } from './parameters.ts';
import { isRefusal } from './refusal.ts';

interface Schema {
  readonly properties: Readonly<Record<string, { readonly 'x-support'?: string }>>;
  readonly required: readonly string[];
}

const document = JSON.parse(readFileSync(new URL('../../../../openapi/gateway.v1.json', import.meta.url), 'utf8')) as {
  components: { schemas: Record<string, Schema> };
};

const SCHEMAS = { chat: 'ChatRequest', completion: 'CompletionRequest', embedding: 'EmbeddingRequest' };
const LEAST = {
  chat: { model: 'tiny', messages: [{ role: 'user', content: 'Hi' }] },
  completion: { model: 'tiny', prompt: 'Hi' },
  embedding: { model: 'tiny', input: 'Hi' },
};

/** Values at and around every limit, of every type. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, 1, 2, -1, 0.5, 2.1, -2, -2.5, 2 ** 32, 10_000_001, 1e300],
  ...['', 'Hi', 'none', 'auto', 'default', 'float', 'base64', 'int8'],
  ...[[], [''], ['Hi'], ['a', 'b'], ['1', '2', '3', '4', '5'], [1], ['text'], [[1, 2]]],
  ...[
    {},
    { type: 'text' },
    { type: 'json_object' },
    { a: 1 },
    { include_usage: true },
    { include_usage: 1 },
    { x: true },
  ],
  [{ role: 'user', content: 'Hi' }],
  [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
  [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }],
  [{ role: 'tool', content: 'Hi' }],
  [{ role: 'user' }],
  [{ role: 'user', content: 'Hi', name: 'x' }],
];

describe.each(Object.keys(PARAMETERS) as Operation[])('parameters of a %s', (operation) => {
  const schema = document.components.schemas[SCHEMAS[operation]]!;
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, 'api');
  const isDocumented = ajv.getSchema(`api#/components/schemas/${SCHEMAS[operation]}`)!;

  it('are in the published document, all of them and no others', () => {
    const support = ([name, { support }]: [string, { support: string }]) => [name, support];
    const documented = Object.entries(schema.properties).map(([name, property]) =>
      support([name, { support: property['x-support'] ?? 'forwarded' }]),
    );
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries(Object.entries(PARAMETERS[operation]).map(support)),
    );
    const required = Object.entries(PARAMETERS[operation]).filter(([, parameter]) => 'required' in parameter);
    expect([...schema.required].sort()).toEqual(required.map(([name]) => name).sort());
  });

  it.each(Object.keys(PARAMETERS[operation]))('%s takes what the document says it takes', (name) => {
    for (const value of VALUES) {
      // Which parameters go together is said in words; a stream makes stream_options as free as the schema has it.
      const stream = name === 'stream_options' ? { stream: true } : {};
      const body = { ...LEAST[operation], ...stream, [name]: value };
      const refusal = readRequest(operation, body);
      expect([value, !isRefusal(refusal)]).toEqual([value, isDocumented(body)]);
      if (isRefusal(refusal)) expect(refusal.param?.startsWith(name)).toBe(true);
    }
  });

  it('are refused when nobody knows them, such as names of every object', () => {
    for (const name of ['top_k', 'toString', 'constructor', '__proto__']) {
      const body = JSON.parse(JSON.stringify(LEAST[operation]).replace('{', `{${JSON.stringify(name)}:1,`)) as object;
      expect(readRequest(operation, body)).toMatchObject({ status: 400, code: 'unknown_parameter', param: name });
    }
  });

  it('are refused within others too, by the names of every object', () => {
    for (const name of ['toString', 'constructor', 'hasOwnProperty', '__proto__']) {
      const unknown = JSON.parse(`{"role":"user","content":"Hi",${JSON.stringify(name)}:"x"}`) as object;
      expect(readRequest('chat', { model: 'tiny', messages: [unknown] })).toMatchObject({
        status: 400,
        code: 'unknown_parameter',
        param: `messages[0].${name}`,
      });
    }
  });
});
