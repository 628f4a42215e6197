import { nodeV1, schedulingV1 } from '@ostro/contracts';
import { type DuplexStream, type GrpcClient, grpcClient } from '@ostro/grpc-host';
import type { TlsIdentity } from '@ostro/pki';

type Phase = schedulingV1.ReplicaPhase;
type Observed = Partial<nodeV1.ObservedReplica>;

const { REPLICA_PHASE_READY, REPLICA_PHASE_STOPPED } = schedulingV1.ReplicaPhase;

/** An agent at the wire: it says what a test tells it to, under the real contract and with a node's certificate. */
export class ScriptedAgent {
  readonly #client: GrpcClient<typeof nodeV1.NodeControlServiceService>;
  #stream: DuplexStream<nodeV1.ConnectRequest, nodeV1.ConnectResponse> | undefined;
  #reading: Promise<void> | undefined;
  #report: nodeV1.NodeReport;
  /** Everything the scheduler sent, oldest first. */
  readonly received: nodeV1.ConnectResponse[] = [];
  /** Why the last stream ended. */
  failure: unknown;

  constructor(
    readonly nodeId: string,
    identity: TlsIdentity,
    address: string,
    inventory: nodeV1.Inventory,
  ) {
    this.#client = grpcClient(nodeV1.NodeControlServiceService, { address, identity, expectedService: 'scheduler' });
    this.#report = nodeV1.NodeReport.fromPartial({
      agentVersion: '0.1.0',
      nodeName: `machine-${nodeId.slice(-4)}`,
      inventory,
      address: { address: { $case: 'direct', direct: { host: '127.0.0.1', port: 7443 } } },
    });
  }

  get desired(): nodeV1.DesiredState | undefined {
    return this.received.findLast(({ desiredState }) => desiredState)?.desiredState;
  }

  async connect(changes: Partial<nodeV1.NodeReport> = {}): Promise<this> {
    const stream = this.#client.connect();
    this.#stream = stream;
    this.failure = undefined;
    this.#reading = this.#read(stream);
    await this.report(changes);
    return this;
  }

  async report(changes: Partial<nodeV1.NodeReport> = {}): Promise<void> {
    this.#report = { ...this.#report, ...changes };
    await this.#stream!.write({ message: { $case: 'report', report: this.#report } });
  }

  /** Reports every desired replica in this phase, and that the newest desired state is held. */
  async obey(phase: Phase = REPLICA_PHASE_READY, also: Observed = {}): Promise<void> {
    const { epoch = 0n, generation = 0n, replicas = [] } = this.desired ?? {};
    await this.report({
      heldEpoch: epoch,
      heldGeneration: generation,
      replicas: replicas.map(({ replicaId, fencingToken }) =>
        nodeV1.ObservedReplica.fromPartial({ replicaId, fencingToken, phase, ...also }),
      ),
    });
  }

  /** Stops what is to be drained and serves the rest, as a good agent would in the end. */
  async settle(): Promise<void> {
    const { epoch = 0n, generation = 0n, replicas = [] } = this.desired ?? {};
    const { REPLICA_GOAL_DRAIN } = nodeV1.ReplicaGoal;
    await this.report({
      heldEpoch: epoch,
      heldGeneration: generation,
      replicas: replicas.map(({ replicaId, fencingToken, goal }) =>
        nodeV1.ObservedReplica.fromPartial({
          replicaId,
          fencingToken,
          phase: goal === REPLICA_GOAL_DRAIN ? REPLICA_PHASE_STOPPED : REPLICA_PHASE_READY,
        }),
      ),
    });
  }

  async say(logs: nodeV1.LogLines): Promise<void> {
    await this.#stream!.write({ message: { $case: 'logs', logs } });
  }

  /** Goes silent without a word. */
  async disconnect(): Promise<void> {
    this.#stream?.cancel();
    await this.#reading;
    this.#stream = undefined;
  }

  async close(): Promise<void> {
    await this.disconnect();
    this.#client.close();
  }

  async #read(stream: AsyncIterable<nodeV1.ConnectResponse>): Promise<void> {
    try {
      for await (const response of stream) this.received.push(response);
    } catch (error) {
      this.failure = error;
    }
  }
}

/** A machine with so many equal simulated GPUs in one island. */
export function anInventory({ gpus = 1, gigabytes = 80, model = 'H100-80GB' } = {}): nodeV1.Inventory {
  const memoryBytes = BigInt(gigabytes) * 2n ** 30n;
  return nodeV1.Inventory.fromPartial({
    accelerators: Array.from({ length: gpus }, (_, index) => ({
      acceleratorId: `GPU-${index}`,
      model,
      memoryBytes,
      freeMemoryBytes: memoryBytes,
      island: 'nvlink-0',
      healthy: true,
      simulated: true,
    })),
    cpuMilli: 64_000,
    hostMemoryBytes: 2n ** 38n,
    runtimes: [schedulingV1.RuntimeKind.RUNTIME_KIND_SIMULATED, schedulingV1.RuntimeKind.RUNTIME_KIND_LLAMA_CPP],
  });
}
