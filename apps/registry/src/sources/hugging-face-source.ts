import { DomainError, type Sensitive } from '@ostro/kernel';
import { companionsOf, folderOf, isIndex, partsOf, shardsIn } from '../domain/hugging-face-files.ts';
import { fileToImport, type ImportedFile } from '../domain/import.ts';
import { checkedPath } from '../domain/names.ts';
import type { ImportSource } from '../domain/source.ts';
import { type Content, ContentSource } from './content-source.ts';
import type { GuardedHttp, HttpAnswer } from './guarded-http.ts';
import { assertOk, openHttp } from './http-content.ts';

const MAX_INDEX_BYTES = 8_388_608;
const MAX_PARTS = 1_000;
const SHA256 = /^"?([0-9a-f]{64})"?$/;

export interface HuggingFaceSettings {
  readonly url: string;
  readonly token: Sensitive<string> | undefined;
}

/**
 * A file of a repository with everything that belongs to it: the other parts of a split model and, beside safetensors,
 * configuration and tokenizer. The branch is resolved to a commit before the first byte, so all files are of one
 * commit however long the import takes.
 */
export class HuggingFaceSource extends ContentSource {
  constructor(
    private readonly http: GuardedHttp,
    private readonly settings: HuggingFaceSettings,
    private readonly source: ImportSource & { kind: 'hugging_face' },
  ) {
    super();
  }

  async list(signal: AbortSignal): Promise<readonly ImportedFile[]> {
    const { file, revision } = this.source;
    const probed = await this.#probe(revision, file, signal);
    assertOk(probed, this.#url(revision, file));
    const commit = headerOf(probed, 'x-repo-commit') ?? revision;
    const weights = isIndex(file) ? await this.#shards(commit, file, signal) : partsOf(file);
    if (weights.length > MAX_PARTS) throw tooManyParts(file);
    const files: ImportedFile[] = [];
    for (const path of isIndex(file) ? [file, ...weights] : weights) {
      const answer = await this.#probe(commit, path, signal);
      assertOk(answer, this.#url(commit, path));
      files.push(this.#described(commit, path, answer));
    }
    for (const path of companionsOf(file)) {
      const answer = await this.#probe(commit, path, signal);
      if (answer.status === 404) continue;
      assertOk(answer, this.#url(commit, path));
      files.push(this.#described(commit, path, answer));
    }
    return files;
  }

  open(file: ImportedFile, from: number, signal: AbortSignal): Promise<Content> {
    return openHttp(this.http, { url: file.location!, authorization: this.#authorization }, file, { from, signal });
  }

  get #authorization(): string | undefined {
    const { token } = this.settings;
    return token && `Bearer ${token.reveal()}`;
  }

  #url(revision: string, path: string): string {
    const encoded = [this.source.repository, 'resolve', encodeURIComponent(revision), encodePath(path)].join('/');
    return `${this.settings.url.replace(/\/$/, '')}/${encoded}`;
  }

  /**
   * What the repository says about a file. A redirect to its storage is an answer, not a step: signed addresses there
   * are for GET alone.
   */
  async #probe(revision: string, path: string, signal: AbortSignal): Promise<HttpAnswer> {
    const authorization = this.#authorization;
    const answer = await this.http.ask(this.#url(revision, path), {
      method: 'HEAD',
      leavesOrigin: false,
      signal,
      ...(authorization !== undefined && { authorization }),
    });
    await answer.body.dump();
    return { ...answer, status: answer.status >= 300 && answer.status < 400 ? 200 : answer.status };
  }

  async #shards(commit: string, file: string, signal: AbortSignal): Promise<readonly string[]> {
    const content = await this.open(fileToImport(file, { location: this.#url(commit, file) }), 0, signal);
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const bytes of content.bytes) {
      size += bytes.length;
      if (size > MAX_INDEX_BYTES) throw brokenIndex(file);
      parts.push(bytes);
    }
    const shards = shardsIn(parsed(Buffer.concat(parts).toString('utf8')), file);
    if (!shards) throw brokenIndex(file);
    return shards.map((shard) => checkedPath(shard, 'weight_map'));
  }

  #described(commit: string, path: string, answer: HttpAnswer): ImportedFile {
    const size = headerOf(answer, 'x-linked-size') ?? sizeIn(answer);
    const sha256 = SHA256.exec(headerOf(answer, 'x-linked-etag') ?? headerOf(answer, 'etag') ?? '')?.[1];
    return fileToImport(path.slice(folderOf(this.source.file).length), {
      location: this.#url(commit, path),
      sizeBytes: size === undefined ? null : Number(size),
      expectedSha256: sha256 ?? null,
    });
  }
}

/** The length of a redirect is that of its own page. */
function sizeIn({ headers }: HttpAnswer): string | undefined {
  return headers['location'] === undefined ? headers['content-length'] : undefined;
}

/** From the answer, or from a redirect before it. */
function headerOf({ headers, hops }: HttpAnswer, name: string): string | undefined {
  return [...hops, headers].find((each) => each[name] !== undefined)?.[name];
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Text that is no JSON is no index, which the caller reports.
    return undefined;
  }
}

function brokenIndex(file: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INDEX_INVALID', `${file} lists no shards; name a weight file instead`);
}

function tooManyParts(file: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'TOO_MANY_PARTS', `${file} has more than ${MAX_PARTS} parts`);
}
