import { basename } from 'node:path';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@ostro/kernel';
import { PACKAGED } from './infrastructure.ts';
import type { DeploymentView, ImportView, Management, ReplicaView } from './management.ts';
import { mebibytes, type Report } from './steps.ts';

export interface ModelToServe {
  /** Name of the model, its deployment and its endpoint. */
  readonly name: string;
  /** Path of a GGUF file; absent: the packaged model of that name. */
  readonly path: string | undefined;
}

const POLL_MS = 200;
const READY_WITHIN_MS = 180_000;

export function modelToServe(model: string): ModelToServe {
  if (model.startsWith(PACKAGED)) return { name: model.slice(PACKAGED.length), path: undefined };
  const name = basename(model)
    .replace(/\.gguf$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 60);
  return { name: name || 'model', path: model };
}

/** Imports the model unless an earlier start did. */
export async function ensureModel(
  api: Management,
  model: ModelToServe,
  apiKey: string,
  apiUrl: string,
  report: Report,
) {
  if (await api.find(`/v1/models/${encodeURIComponent(model.name)}`)) return;
  const source =
    model.path === undefined
      ? { packaged: { name: model.name } }
      : { upload: { files: [{ path: basename(model.path), size_bytes: (await stat(model.path)).size }] } };
  const { import_id: id } = await api.post<ImportView>('/v1/imports', { model_name: model.name, source });
  if (model.path !== undefined) {
    await upload(`${apiUrl}/v1/imports/${id}/files/${encodeURIComponent(basename(model.path))}`, model.path, apiKey);
    await api.post(`/v1/imports/${id}/complete`, {});
  }
  for (;;) {
    const now = await api.get<ImportView>(`/v1/imports/${id}`);
    if (now.state === 'published') return;
    if (now.state === 'failed' || now.state === 'cancelled') {
      throw new DomainError(
        'FAILED_PRECONDITION',
        'IMPORT_FAILED',
        `the model was not imported: ${now.error_message ?? now.state}`,
      );
    }
    report(`${now.state} ${mebibytes(Number(now.received_bytes))} of ${mebibytes(Number(now.total_bytes))}`);
    await delay(POLL_MS);
  }
}

async function upload(url: string, path: string, apiKey: string): Promise<void> {
  const response = await fetch(url, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${apiKey}`, 'upload-offset': '0', 'content-type': 'application/octet-stream' },
    body: Readable.toWeb(createReadStream(path)) as ReadableStream,
    duplex: 'half',
  } as RequestInit);
  if (!response.ok) throw new DomainError('FAILED_PRECONDITION', 'UPLOAD_FAILED', `upload: ${await response.text()}`);
}

/** The deployment of that name with one replica, made unless an earlier start did, once it is ready. */
export async function ensureDeployment(
  api: Management,
  model: ModelToServe,
  report: Report,
): Promise<{ deployment: DeploymentView; replica: ReplicaView }> {
  const path = `/v1/deployments/${encodeURIComponent(model.name)}`;
  const known = await api.find<DeploymentView>(path);
  const { deployment_id: id } =
    known ??
    (await api.post<DeploymentView>('/v1/deployments', { name: model.name, spec: { model: model.name, replicas: 1 } }));
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
    const { items } = await api.get<{ items: ReplicaView[] }>(`/v1/deployments/${id}/replicas`);
    const ready = items.find(({ phase }) => phase === 'ready');
    if (ready) return { deployment: await api.get<DeploymentView>(path), replica: ready };
    const newest = items[0];
    if (newest?.phase === 'failed') throw failed(newest);
    report(newest ? [newest.phase, newest.message].filter(Boolean).join(': ') : 'waiting for the scheduler');
    await delay(POLL_MS);
  }
  throw await notReady(api, path, model);
}

function failed({ message, last_log_lines: lines }: ReplicaView): DomainError {
  return new DomainError('FAILED_PRECONDITION', 'REPLICA_FAILED', [message, ...lines].join('\n'));
}

async function notReady(api: Management, path: string, model: ModelToServe): Promise<DomainError> {
  const { conditions } = await api.get<DeploymentView>(path);
  const reasons = conditions.filter(({ status }) => !status).map(({ type, message }) => `${type}: ${message}`);
  return new DomainError(
    'DEADLINE_EXCEEDED',
    'NOT_READY',
    `${model.name} was not ready within ${READY_WITHIN_MS / 1_000} s. ${reasons.join('; ')}`,
  );
}
