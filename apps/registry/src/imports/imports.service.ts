import { type Page, takePage } from '@ostro/grpc-host';
import type { Id } from '@ostro/kernel';
import { afterCommit, type IdempotentRequest, onceByRequestId, type TransactionRunner } from '@ostro/persistence';
import type { ServiceContext } from '@ostro/service-host';
import type { EntityManager } from 'typeorm';
import type { Staging } from '../blobs/staging.ts';
import {
  assertMayBecome,
  fileToImport,
  firstState,
  hasEnded,
  type ImportedFile,
  type Import,
  type ImportState,
} from '../domain/import.ts';
import { checkedAlias, checkedModelName } from '../domain/names.ts';
import { checkedSource, type ImportSource } from '../domain/source.ts';
import type { Sources } from '../sources/sources.ts';
import type { ImportChanges } from './import-changes.ts';
import type { ImportsRepository } from './imports.repository.ts';
import { pause } from './pause.ts';
import { assertComplete } from '../domain/upload.ts';

const WATCH_MS = 1_000;

export interface NewImport {
  readonly organizationId: Id<'org'>;
  readonly modelName: string;
  readonly alias: string;
  readonly source: ImportSource;
}

export interface ImportsParts {
  readonly transactions: TransactionRunner;
  readonly imports: ImportsRepository;
  readonly sources: Sources;
  readonly staging: Staging;
  readonly changes: ImportChanges;
  readonly context: Pick<ServiceContext, 'clock' | 'ids'>;
}

export class ImportsService {
  readonly #stopping = new AbortController();

  constructor(private readonly parts: ImportsParts) {}

  async create(request: IdempotentRequest, input: NewImport): Promise<Import> {
    const { transactions, imports, context, changes } = this.parts;
    const { organizationId } = input;
    const source = checkedSource(input.source);
    const now = context.clock.now();
    const files = this.#declaredFiles(source);
    const created: Import = {
      id: context.ids('imp'),
      organizationId,
      modelName: checkedModelName(input.modelName),
      alias: checkedAlias(input.alias),
      source,
      state: firstState(source),
      files,
      receivedBytes: 0,
      totalBytes: files.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0),
      digest: null,
      error: null,
      createdAt: now,
      updatedAt: now,
    };
    return transactions.run(async (tx) => {
      const { resourceId } = await onceByRequestId(tx, request, async () => {
        await imports.insert(tx, created);
        afterCommit(tx, () => changes.tell());
        return created.id;
      });
      return imports.get(tx, organizationId, resourceId as Id<'imp'>);
    });
  }

  get(organizationId: Id<'org'>, id: Id<'imp'>): Promise<Import> {
    return this.parts.transactions.run((tx) => this.parts.imports.get(tx, organizationId, id));
  }

  async list(organizationId: Id<'org'>, page: Page) {
    const rows = await this.parts.transactions.run((tx) => this.parts.imports.list(tx, organizationId, page));
    return takePage(rows, page, ({ id }) => [id]);
  }

  /** The import as it is, then at each change, until it has ended or the watcher is gone. */
  async *watch(organizationId: Id<'org'>, id: Id<'imp'>, gone: AbortSignal): AsyncGenerator<Import> {
    const ended = AbortSignal.any([gone, this.#stopping.signal]);
    let shown = '';
    while (!ended.aborted) {
      const news = this.parts.changes.signal();
      const current = await this.get(organizationId, id);
      const mark = `${current.state} ${current.receivedBytes} ${current.totalBytes}`;
      if (mark !== shown) yield current;
      if (hasEnded(current)) return;
      shown = mark;
      await pause(WATCH_MS, AbortSignal.any([ended, news]));
    }
  }

  /** Ends every watch, so that a server which drains does not wait for them. */
  stop(): void {
    this.#stopping.abort();
  }

  /** @throws DomainError FAILED_PRECONDITION (UPLOAD_INCOMPLETE) naming the file that lacks bytes. */
  async completeUpload(organizationId: Id<'org'>, id: Id<'imp'>): Promise<Import> {
    const received = await this.receivedOf(await this.get(organizationId, id));
    return this.#become(organizationId, id, 'verifying', (current) => {
      assertComplete(current.files, received);
      return { receivedBytes: current.totalBytes };
    });
  }

  /** Its bytes go, wherever they are; a published import stays as it is. */
  async cancel(organizationId: Id<'org'>, id: Id<'imp'>): Promise<Import> {
    const cancelled = await this.#become(organizationId, id, 'cancelled', () => ({}));
    await this.parts.staging.remove(id);
    return cancelled;
  }

  /** Bytes held of each file: what is on disk, not what was last told to the database. */
  receivedOf({ id, files, state }: Import): Promise<readonly number[]> {
    if (state !== 'awaiting_upload') return Promise.resolve(files.map(({ sizeBytes }) => sizeBytes ?? 0));
    return Promise.all(files.map((_, index) => this.parts.staging.sizeOf(id, index)));
  }

  /** Only a client knows its files beforehand; a source that this registry cannot read is refused at once. */
  #declaredFiles(source: ImportSource): readonly ImportedFile[] {
    if (source.kind !== 'upload') {
      this.parts.sources.of(source);
      return [];
    }
    return source.files.map(({ path, sizeBytes }) => fileToImport(path, { sizeBytes }));
  }

  /** A repeat of what was already done changes nothing and succeeds. */
  #become(
    organizationId: Id<'org'>,
    id: Id<'imp'>,
    next: ImportState,
    check: (current: Import) => Partial<Import>,
  ): Promise<Import> {
    const { transactions, imports, context, changes } = this.parts;
    return transactions.run(async (tx: EntityManager) => {
      const current = await imports.getForUpdate(tx, organizationId, id);
      if (current.state === next) return current;
      assertMayBecome(current, next);
      const changed = { ...check(current), state: next, updatedAt: context.clock.now() };
      await imports.change(tx, id, changed);
      afterCommit(tx, () => changes.tell());
      return { ...current, ...changed };
    });
  }
}
