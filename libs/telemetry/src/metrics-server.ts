import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DomainError } from '@ostro/kernel';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { renderMetrics } from './metrics.ts';

/** One thing a process needs before it takes work. It throws, or rejects, with what is missing. */
export type ReadinessCheck = () => Promise<void> | void;

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly registries: readonly Registry[];
  /** By name; /readyz is 503 and lists what fails while one does. */
  readonly readiness?: Readonly<Record<string, ReadinessCheck>>;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves /metrics with the process's own figures added, /healthz (the process answers) and /readyz (it can work).
 *
 * @throws DomainError UNAVAILABLE (ADDRESS_IN_USE) naming the address.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  const registries = [own, ...options.registries];
  const routes: Record<string, (response: ServerResponse) => Promise<void>> = {
    '/metrics': async (response) => answer(response, 200, await renderMetrics(registries), own.contentType),
    '/healthz': async (response) => answer(response, 200, '{"status":"ok"}'),
    '/readyz': async (response) => {
      const missing = await failing(options.readiness ?? {});
      const ready = Object.keys(missing).length === 0;
      answer(response, ready ? 200 : 503, JSON.stringify(ready ? { status: 'ok' } : { status: 'not ready', missing }));
    },
  };
  const server = createServer((request, response) => {
    const route = routes[request.url?.split('?')[0] ?? ''];
    if (!route || request.method !== 'GET') return answer(response, 404, '{"status":"not found"}');
    route(response).catch((error: unknown) => answer(response, 500, JSON.stringify({ status: messageOf(error) })));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(options, cause)));
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function failing(checks: Readonly<Record<string, ReadinessCheck>>): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await check();
        return [];
      } catch (error) {
        return [[name, messageOf(error)] as const];
      }
    }),
  );
  return Object.fromEntries(entries.flat());
}

function answer(response: ServerResponse, status: number, body: string, contentType = 'application/json'): void {
  response.writeHead(status, { 'content-type': contentType }).end(body);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function listenError({ host, port }: MetricsServerOptions, cause: NodeJS.ErrnoException): DomainError {
  const address = `${host}:${port}`;
  return cause.code === 'EADDRINUSE'
    ? new DomainError('UNAVAILABLE', 'ADDRESS_IN_USE', `${address} for metrics is taken; choose another port, or 0`, {
        details: { address },
        cause,
      })
    : new DomainError('UNAVAILABLE', 'CANNOT_LISTEN', `cannot listen on ${address} for metrics: ${cause.message}`, {
        details: { address },
        cause,
      });
}
