import { randomUUID } from 'node:crypto';
import { DomainError } from '@ostro/kernel';

/** An answer of the management API; only the fields that are read here. */
export interface ImportView {
  readonly import_id: string;
  readonly state: string;
  readonly received_bytes: number | string;
  readonly total_bytes: number | string;
  readonly digest?: string;
  readonly error_message?: string;
}

export interface DeploymentView {
  readonly deployment_id: string;
  readonly name: string;
  readonly phase: string;
  readonly conditions: readonly { type: string; status: boolean; message: string }[];
  readonly revision: { readonly model_digest: string };
}

export interface ReplicaView {
  readonly replica_id: string;
  readonly node_id: string;
  readonly phase: string;
  readonly message: string;
  readonly last_log_lines: readonly string[];
}

export interface ChargeView {
  readonly charge_id: string;
  readonly amount: { readonly amount: string; readonly currency: string };
  readonly postings: readonly { account: string; amount: { amount: string; currency: string } }[];
}

/** The few calls of the management API that a first start makes; the same HTTP that everybody uses. */
export class Management {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  get<T>(path: string): Promise<T> {
    return this.#call<T>('GET', path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#call<T>('POST', path, body);
  }

  /** The resource, or undefined when there is none (yet). */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.ok) return (await response.json()) as T;
    const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string; reason?: string };
    throw new DomainError(
      response.status === 404 ? 'NOT_FOUND' : 'FAILED_PRECONDITION',
      problem.reason ?? 'MANAGEMENT_API',
      `${method} ${path}: ${problem.detail ?? problem.title ?? `HTTP ${response.status}`}`,
    );
  }
}
