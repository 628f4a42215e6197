import { eventually } from '@ostro/testing';

export interface Charge {
  readonly charge_id: string;
  readonly request_id: string;
  readonly amount: { readonly amount: string; readonly currency: string };
  readonly lines: readonly { readonly meter: string; readonly quantity: number }[];
  readonly postings: readonly { readonly account: string; readonly amount: { readonly amount: string } }[];
  readonly outcome: string;
  readonly basis: string;
}

/** The management API as a test uses it: plain HTTP, and the answer's status where it matters. */
export class ManagementClient {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async request(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  get<T>(path: string): Promise<T> {
    return this.#ok<T>('GET', path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#ok<T>('POST', path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#ok<T>('PATCH', path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#ok<T>('DELETE', path);
  }

  /** Uploads one file as a model and waits for its revision. */
  async importModel(name: string, weights: Uint8Array): Promise<string> {
    const file = `${name}.gguf`;
    const { import_id: id } = await this.post<{ import_id: string }>('/v1/imports', {
      model_name: name,
      source: { upload: { files: [{ path: file, size_bytes: weights.length }] } },
    });
    const uploaded = await fetch(`${this.#url}/v1/imports/${id}/files/${file}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${this.#key}`,
        'upload-offset': '0',
        'content-type': 'application/octet-stream',
      },
      body: new Blob([weights as Uint8Array<ArrayBuffer>]),
    });
    if (!uploaded.ok) throw new Error(`upload: ${uploaded.status} ${await uploaded.text()}`);
    await this.post(`/v1/imports/${id}/complete`, {});
    let digest = '';
    await eventually(
      async () => {
        const now = await this.get<{ state: string; digest: string; error_message: string }>(`/v1/imports/${id}`);
        if (now.state !== 'published') throw new Error(`${now.state} ${now.error_message}`);
        digest = now.digest;
      },
      { withinMs: 30_000 },
    );
    return digest;
  }

  /** The charge of a request, once it is billed. */
  async charge(requestId: string, withinMs = 30_000): Promise<Charge> {
    let charge: Charge | undefined;
    await eventually(async () => void (charge = await this.get<Charge>(`/v1/charges/${requestId}`)), { withinMs });
    return charge!;
  }

  async #ok<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.request(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }
}
