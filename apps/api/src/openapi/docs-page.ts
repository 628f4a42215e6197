import type { OpenApiDocument, OpenApiOperation, OpenApiSchema } from './open-api.ts';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #e4e4e4 } a { color: #8ab4f8 } }
code { font: 0.92em ui-monospace, monospace }
details { border-top: 1px solid #8884; padding: 0.4rem 0 }
summary { cursor: pointer } summary b { display: inline-block; width: 4.5rem }
table { border-collapse: collapse; margin: 0.5rem 0 } td { padding: 0.15rem 1rem 0.15rem 0; vertical-align: top }
h2 { margin-top: 2.5rem } section p { margin: 0.3rem 0 }`;

/** The document as one page that needs no script and no network: made here, read in any browser. */
export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return `<h2>${escaped(tag)}</h2>${own.map(operationOf).join('')}`;
  });
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => schemaOf(name, schema));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(document.info.title)}</title><style>${STYLE}</style>
<h1>${escaped(document.info.title)}</h1><p>${escaped(document.info.description)}
The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
${sections.join('\n')}<h2>Schemas</h2>${schemas.join('\n')}</html>`;
}

function operationOf(entry: { path: string; method: string; operation: OpenApiOperation }): string {
  const { path, method, operation } = entry;
  const { summary, description = '', parameters, requestBody, responses } = operation;
  const rows = parameters.map(({ name, in: place, required, description: about, schema }) =>
    row(name, `${place}${required ? ', required' : ''}`, typeOf(schema), about),
  );
  const told = [
    `<p>${escaped(description)}</p>`,
    rows.length > 0 ? `<table>${rows.join('')}</table>` : '',
    ...contentsOf('Body', requestBody?.content),
    ...Object.entries(responses).flatMap(([status, response]) => contentsOf(`Answer ${status}`, response.content)),
  ];
  return `<details id="${escaped(operation.operationId)}"><summary><b>${method.toUpperCase()}</b>
<code>${escaped(path)}</code> ${escaped(summary)}</summary><section>${told.join('')}</section></details>`;
}

function contentsOf(title: string, content: Readonly<Record<string, { schema: OpenApiSchema }>> = {}): string[] {
  return Object.entries(content).map(
    ([media, { schema }]) => `<p>${escaped(title)}: <code>${escaped(media)}</code> ${typeOf(schema)}</p>`,
  );
}

function schemaOf(name: string, { description = '', properties = {}, required = [] }: OpenApiSchema): string {
  const rows = Object.entries(properties).map(([field, schema]) =>
    row(field, required.includes(field) ? 'required' : '', typeOf(schema), schema.description),
  );
  return `<details id="${escaped(name)}"><summary><code>${escaped(name)}</code> ${escaped(description)}</summary>
<table>${rows.join('')}</table></details>`;
}

function row(name: string, note: string, type: string, description = ''): string {
  return `<tr><td><code>${escaped(name)}</code><td>${escaped(note)}<td>${type}<td>${escaped(description)}</tr>`;
}

/** A type in few words, with a link to the schema it names. */
function typeOf(schema: OpenApiSchema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `<a href="#${escaped(name)}">${escaped(name)}</a>`;
  }
  if (schema.enum) return schema.enum.map((word) => `<code>${escaped(String(word))}</code>`).join(' ');
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeOf).join(' or ');
  if (schema.properties) return escaped(`{ ${Object.keys(schema.properties).join(', ')} }`);
  return escaped([schema.type ?? 'bytes', schema.format].filter(Boolean).join(', '));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
