import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MESSAGE_DOCS, METHOD_ACCESS } from '@ostro/contracts';
import { MANAGEMENT } from '../api.module.ts';
import { describedRoutes } from './described-routes.ts';
import { docsPage } from './docs-page.ts';
import { openApiDocument } from './document.ts';

const committed = fileURLToPath(new URL('../../../../openapi/management.v1.json', import.meta.url));

describe('the OpenAPI document', () => {
  const document = openApiDocument();
  const routes = describedRoutes(MANAGEMENT);

  it('is the committed one; "npm run generate" writes it', () => {
    expect(JSON.parse(readFileSync(committed, 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('has every route, under a name of its own', () => {
    for (const { method, path, operation } of routes) {
      expect(document.paths[path]?.[method]?.operationId).toBe(operation.id);
    }
    expect(new Set(routes.map(({ operation }) => operation.id)).size).toBe(routes.length);
  });

  it('declares for every route but whoami a permission that the api may ask for', () => {
    const without = routes.filter(({ operation: { rpc } }) => {
      const access = rpc && METHOD_ACCESS[rpc.path];
      return !access?.permission || !access.peers.includes('api');
    });
    expect(without.map(({ operation }) => operation.id)).toEqual(['whoami']);
  });

  it('offers every method that the contracts open to the api', () => {
    const served = new Set(routes.map(({ operation }) => operation.rpc?.path));
    const open = Object.entries(METHOD_ACCESS).filter(
      ([, { peers, permission }]) => peers.includes('api') && permission,
    );
    const missing = open.map(([path]) => path).filter((path) => !served.has(path));
    // The key implies the organization, and references are resolved by the deployments that use them.
    expect(missing).toEqual([
      '/ostro.identity.v1.OrganizationService/ListOrganizations',
      '/ostro.registry.v1.ModelService/ResolveModel',
    ]);
  });

  it('says of every field of a message what the contract says', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      const docs = MESSAGE_DOCS[name];
      for (const [field, { description, $ref }] of Object.entries(schema.properties ?? {})) {
        if (docs && $ref === undefined)
          expect(`${name}.${field}: ${description}`).toBe(`${name}.${field}: ${docs.fields[field]}`);
      }
    }
  });

  it('refers only to schemas it has', () => {
    const references = JSON.stringify(document).match(/#\/components\/schemas\/(\w+)/g) ?? [];
    for (const reference of references) {
      expect(Object.keys(document.components.schemas)).toContain(reference.split('/').at(-1));
    }
  });

  it('is readable as a page without scripts, with nothing unescaped', () => {
    const page = docsPage(document);
    for (const { operation } of routes) expect(page).toContain(`id="${operation.id}"`);
    expect(page).not.toContain('<script');
    expect(page).toContain('&#60;32 hex&#62;');
  });
});
