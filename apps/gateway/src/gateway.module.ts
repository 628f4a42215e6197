import { randomBytes } from 'node:crypto';
import type { PriceBook } from '@ostro/rating';
import type { ServiceContext } from '@ostro/service-host';
import type { KnownKey } from './domain/authenticate.ts';
import { unauthenticated } from './domain/refusal.ts';
import type { Route } from './domain/route.ts';
import type { GatewayConfig } from './gateway.config.ts';
import { registerGauges } from './gateway-metrics.ts';
import { Callers } from './http/caller.ts';
import { InferenceHttp } from './http/inference.http.ts';
import { ModelsHttp } from './http/models.http.ts';
import { PublicServer } from './http/public-server.ts';
import { InferenceTelemetry } from './http/request-telemetry.ts';
import { AdmissionService } from './proxy/admission.service.ts';
import { Activations, type ActivationsOptions } from './proxy/activations.ts';
import { Dispatcher } from './proxy/dispatcher.ts';
import { InferenceService } from './proxy/inference.service.ts';
import type { NodeConnections } from './proxy/node-connections.ts';
import { Prompts } from './proxy/prompt.ts';
import { PromptTokens } from './proxy/prompt-tokens.ts';
import { ReplicaChoice } from './proxy/replica-choice.ts';
import { ReplicaLoads } from './proxy/replica-loads.ts';
import { RunningRequests } from './proxy/running-requests.ts';
import { WaitingRoom } from './proxy/waiting-room.ts';
import type { UsageSpool } from './usage/usage-spool.ts';
import { KeyTable } from './views/key-table.ts';
import { PriceTable } from './views/price-table.ts';
import { fromProto } from './views/route-record.ts';
import { RouteTable } from './views/route-table.ts';
import type { View } from './views/view.ts';

/** What is opened before, and closed after, everything else. */
export interface Resources {
  readonly keys: View<KnownKey>;
  readonly routes: Pick<View<Route>, 'ageMs'>;
  readonly prices: View<PriceBook>;
  readonly usage: UsageSpool;
  readonly connections: NodeConnections;
  readonly scheduler: ActivationsOptions['scheduler'];
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Age of the second channel of revocations. */
  readonly revocationAgeMs: () => number;
}

export interface Gateway {
  readonly server: PublicServer;
  readonly running: RunningRequests;
  readonly keys: KeyTable;
  readonly routes: RouteTable;
  readonly activations: Activations;
}

const WAITING_ROOM = { mostBytes: 64 * 1_024 * 1_024, mostRequests: 10_000 };

/** The composition root: every part of the gateway with what it is given. Nothing here starts anything. */
export function composeGateway(config: GatewayConfig, context: ServiceContext, resources: Resources): Gateway {
  const { clock, logger, ids, metrics, incarnation } = context;
  const { usage, connections, scheduler } = resources;
  const running = new RunningRequests();
  const keys = new KeyTable(resources.keys, (keyId) => running.endAllOf(keyId, revoked()));
  const routes = new RouteTable({
    clock,
    onQuarantine: ({ endpointId }) =>
      logger.error(
        { endpoint_id: endpointId },
        'too many routes lost replicas at once: the old ones are kept; check the scheduler and the nodes',
      ),
  });
  const prices = new PriceTable(resources.prices);
  const loads = new ReplicaLoads(clock);
  const promptTokens = new PromptTokens(metrics);
  // Hashes of prompts never leave this process, so that nobody else needs the secret.
  const prompts = new Prompts(randomBytes(32));
  const room = new WaitingRoom(WAITING_ROOM, clock);
  const activations = new Activations({
    scheduler,
    room,
    clock,
    holder: incarnation,
    onRoute: (record) => {
      const route = fromProto(record);
      if (route) routes.apply(route.endpointId, route);
    },
    onError: (deploymentId, err) =>
      logger.warn({ deployment_id: deploymentId, err }, 'the scheduler does not hear what waits for a deployment'),
  });
  const dispatcher = new Dispatcher({
    connections,
    loads,
    choice: new ReplicaChoice({ loads, promptTokens }),
    room,
    clock,
    waitMs: config.admissionWaitMs,
    holdMs: config.maxHoldMs,
    activations,
    onReplicaFailed: ({ replicaId, nodeId }, error) => {
      routes.drop(replicaId);
      logger.warn({ replica_id: replicaId, node_id: nodeId, err: error }, 'a replica failed');
    },
  });
  const { cellId } = config.process;
  const inference = new InferenceService({
    dispatcher,
    prompts,
    promptTokens,
    usage,
    running,
    clock,
    cellId,
    incarnation,
  });
  const admission = new AdmissionService({ routes, prices, usage, clock, chance: Math.random });
  const keyAgeMs = () => Math.min(resources.keys.ageMs(), resources.revocationAgeMs());
  const callers = new Callers({ keys, clock, viewAgeMs: keyAgeMs, viewMaxAgeMs: config.viewMaxAgeMs });
  const telemetry = new InferenceTelemetry(context);
  const server = new PublicServer({
    inference: new InferenceHttp(callers, admission, inference, telemetry),
    models: new ModelsHttp({ callers, routes, prices, clock }),
    ids,
    logger,
    tls: resources.tls,
  });
  const ages = {
    key_view: () => resources.keys.ageMs(),
    revocation_channel: resources.revocationAgeMs,
    route_view: () => resources.routes.ageMs(),
    price_view: () => resources.prices.ageMs(),
  };
  registerGauges(metrics, { running, loads, room, usage, routes, ages });
  return { server, running, keys, routes, activations };
}

function revoked() {
  return unauthenticated('This API key was revoked because it leaked, so this answer ends here. Create a new key.');
}
