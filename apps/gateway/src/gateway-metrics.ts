import type { Metrics } from '@ostro/telemetry';
import type { ReplicaLoads } from './proxy/replica-loads.ts';
import type { RunningRequests } from './proxy/running-requests.ts';
import type { WaitingRoom } from './proxy/waiting-room.ts';
import type { UsageSpool } from './usage/usage-spool.ts';
import type { RouteTable } from './views/route-table.ts';

export interface MeasuredParts {
  readonly running: RunningRequests;
  readonly loads: ReplicaLoads;
  readonly room: WaitingRoom;
  readonly usage: UsageSpool;
  readonly routes: RouteTable;
  /** Age of each channel by which the gateway learns of the world. */
  readonly ages: Readonly<Record<string, () => number>>;
}

/** Gauges of what the parts keep anyway; those of requests are in RequestTelemetry. */
export function registerGauges(metrics: Metrics, { running, loads, room, usage, routes, ages }: MeasuredParts): void {
  const gauge = (name: string, help: string, read: () => number) => metrics.gauge({ name, help }, read);
  gauge('ostro_gateway_running_requests_count', 'Admitted requests that are not over.', () => running.count);
  gauge('ostro_gateway_in_flight_requests_count', 'Requests under way at replicas.', () => loads.total);
  gauge('ostro_gateway_waiting_requests_count', 'Requests that wait for a replica.', () => room.size);
  gauge('ostro_gateway_spool_bytes', 'Usage on disk that billing has not settled.', () => usage.bytes);
  gauge('ostro_gateway_spool_healthy', '1 while usage can be kept; 0 refuses paid requests.', () =>
    Number(usage.healthy()),
  );
  gauge('ostro_gateway_routes_count', 'Endpoints known.', () => routes.size);
  gauge(
    'ostro_gateway_quarantined_replicas_count',
    'Replicas kept although their owner dropped them with too many others: somebody should look.',
    () => routes.quarantinedReplicas.length,
  );
  for (const [view, ageMs] of Object.entries(ages)) {
    gauge(
      `ostro_gateway_${view}_age_seconds`,
      `Time since the owner of ${view} was last heard; +Inf before the first time.`,
      () => ageMs() / 1_000,
    );
  }
}
