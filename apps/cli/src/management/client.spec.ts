import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';

const at = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

describe('the types of the management API', () => {
  it('follow from the committed document; "npm run generate" writes them', async () => {
    const types = await openapiTypescript(at('../../../../openapi/management.v1.json'), { defaultNonNullable: false });
    expect(at('../gen/management.ts').split('\n').slice(1).join('\n')).toBe(astToString(types));
  });
});
