import { DomainError } from '@ostro/kernel';
import { answered, body, everyItem, type ManagementClient, type Schemas } from '../management/client.ts';
import { dataOf } from '../management/server-events.ts';
import { byteSize } from '../output/units.ts';
import type { Session } from '../session.ts';
import type { ImportSource } from './import-source.ts';
import { type LocalFile, localFiles } from './local-files.ts';
import { uploadFile } from './upload.ts';

type Import = Schemas['Import'];
type NewImport = Schemas['NewImport'];

export interface WantedImport {
  readonly modelName: string;
  readonly alias: string;
  readonly source: ImportSource;
}

/** Starts an import; a local one is uploaded whole, going on where an earlier attempt stopped. */
export async function startImport(session: Session, wanted: WantedImport): Promise<Import> {
  const { source } = wanted;
  if (source.kind === 'path') return uploadImport(session, wanted, await localFiles(session.io.directory, source.path));
  return create(await session.api(), wanted, sourceOf(source));
}

async function create(
  api: ManagementClient,
  { modelName, alias }: WantedImport,
  source: NewImport['source'],
): Promise<Import> {
  return body(api.POST('/v1/imports', { body: { model_name: modelName, alias, source } }));
}

function sourceOf(source: Exclude<ImportSource, { kind: 'path' }>): NewImport['source'] {
  switch (source.kind) {
    case 'https':
      return { https: { url: source.url } };
    case 'packaged':
      return { packaged: { name: source.name } };
    case 'hugging_face':
      return { hugging_face: { repository: source.repository, file: source.file, revision: source.revision } };
  }
}

async function uploadImport(session: Session, wanted: WantedImport, files: readonly LocalFile[]): Promise<Import> {
  const api = await session.api();
  const { apiUrl, apiKey } = await session.context();
  const unfinished = await findUnfinished(api, wanted, files);
  if (unfinished) session.out.say(`going on with ${unfinished.import_id} at ${byteSize(unfinished.received_bytes)}`);
  const { import_id } =
    unfinished ??
    (await create(api, wanted, {
      upload: { files: files.map(({ path, sizeBytes }) => ({ path, size_bytes: sizeBytes })) },
    }));
  const byId = { params: { path: { import_id } } };
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let done = 0;
  for (const file of files) {
    await uploadFile(file, {
      apiUrl,
      apiKey,
      importId: import_id,
      receivedBytes: async (path) => receivedOf(await body(api.GET('/v1/imports/{import_id}', byId)), path),
      onProgress: (_, sent) => session.out.progress(`sent ${progress(done + sent, total)}`),
    });
    done += file.sizeBytes;
  }
  session.out.endProgress();
  return body(api.POST('/v1/imports/{import_id}/complete', byId));
}

/**
 * An upload of exactly these files that was interrupted, unless a file has changed since: then its first bytes are
 * another's.
 */
async function findUnfinished(
  api: ManagementClient,
  { modelName }: WantedImport,
  files: readonly LocalFile[],
): Promise<Import | undefined> {
  const imports = await everyItem((page_token) => api.GET('/v1/imports', { params: { query: { page_token } } }));
  const listing = (all: readonly { path: string; size: number }[]) =>
    JSON.stringify(all.map(({ path, size }) => [path, size]).sort());
  const here = listing(files.map(({ path, sizeBytes }) => ({ path, size: sizeBytes })));
  return imports.find(({ state, model_name, source, create_time }) => {
    if (state !== 'awaiting_upload' || model_name !== modelName || create_time === undefined) return false;
    const there = source?.upload?.files.map(({ path, size_bytes }) => ({ path, size: size_bytes })) ?? [];
    return listing(there) === here && files.every(({ modified }) => modified < new Date(create_time));
  });
}

function receivedOf({ source }: Import, path: string): number {
  return source?.upload?.files.find((file) => file.path === path)?.received_bytes ?? 0;
}

/**
 * Follows an import until its revision is published.
 *
 * @throws DomainError FAILED_PRECONDITION with the rule that refused it.
 */
export async function untilPublished(session: Session, started: Import): Promise<Import> {
  const { apiUrl, apiKey } = await session.context();
  const url = new URL(`/v1/imports/${started.import_id}/events`, apiUrl);
  const events = await answered(url.href, { headers: { authorization: `Bearer ${apiKey}` } });
  let last = started;
  for await (const now of dataOf<Import>(events)) {
    last = now;
    session.out.progress(`${now.state} ${progress(now.received_bytes, now.total_bytes)}`);
  }
  session.out.endProgress();
  if (last.state === 'published') return last;
  throw new DomainError(
    'FAILED_PRECONDITION',
    last.error_reason || 'IMPORT_NOT_PUBLISHED',
    `${last.model_name} was not imported: ${last.error_message || last.state}`,
  );
}

const BAR = 30;

/** `[####------] 40 %  1.0 GiB of 2.5 GiB`, or the bytes alone when nobody knows how many there are. */
export function progress(done: number, total: number): string {
  if (total <= 0) return byteSize(done);
  const part = Math.min(1, done / total);
  const bar = '#'.repeat(Math.round(part * BAR)).padEnd(BAR, '-');
  return `[${bar}] ${Math.floor(part * 100)} %  ${byteSize(done)} of ${byteSize(total)}`;
}
