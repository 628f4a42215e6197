import type { nodeV1 } from '@ostro/contracts';
import { DomainError, type Generation, type Id, isDomainError } from '@ostro/kernel';
import type { Logger } from '@ostro/telemetry';
import type { Subscriber } from 'rxjs';
import type { DesiredStatesView } from './desired-states.view.ts';
import type { LogRelay } from '../logs/log-relay.ts';
import type { NodeEnrolment } from './node-enrolment.ts';
import type { NodeReportsService } from './node-reports.service.ts';

export interface SessionParts {
  readonly enrolment: NodeEnrolment;
  readonly reports: NodeReportsService;
  readonly desired: DesiredStatesView;
  readonly logs: LogRelay;
  readonly logger: Logger;
}

/** The streams of agents that this process holds: at most one for each node, the newest. */
export class NodeSessions {
  readonly #sessions = new Map<Id<'nod'>, NodeSession>();
  #isStopping = false;

  constructor(private readonly parts: SessionParts) {
    parts.logs.onChanged = (nodeId) => this.#sessions.get(nodeId)?.sendSubscriptions();
  }

  open(nodeId: Id<'nod'>, out: Subscriber<nodeV1.ConnectResponse>): NodeSession {
    const session = new NodeSession(nodeId, out, this.parts);
    if (this.#isStopping) session.end(stopping());
    this.#sessions.get(nodeId)?.end(replaced());
    this.#sessions.set(nodeId, session);
    return session;
  }

  close(session: NodeSession): void {
    if (this.#sessions.get(session.nodeId) === session) this.#sessions.delete(session.nodeId);
  }

  isConnected(nodeId: Id<'nod'>): boolean {
    return this.#sessions.has(nodeId);
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Sends every agent to another process, or to this one's successor. */
  stop(): void {
    this.#isStopping = true;
    for (const session of [...this.#sessions.values()]) session.end(stopping());
    this.parts.logs.stop();
  }

  /** The node's desired state may have changed. */
  wake(nodeId: Id<'nod'>): void {
    this.#sessions.get(nodeId)?.wake();
  }
}

const NOTHING: Generation = { epoch: 0n, generation: 0n };

/** One agent's stream: reports in, desired state out, one step at a time, and only ever the latest report. */
export class NodeSession {
  #report: nodeV1.NodeReport | undefined;
  #isKnown = false;
  /** Nothing is sent before the agent has said what it holds. */
  #hasReported = false;
  #sent: Generation = NOTHING;
  #isWoken = false;
  #isWorking = false;

  constructor(
    readonly nodeId: Id<'nod'>,
    private readonly out: Subscriber<nodeV1.ConnectResponse>,
    private readonly parts: SessionParts,
  ) {}

  receive({ message }: nodeV1.ConnectRequest): void {
    if (message?.$case === 'logs') this.parts.logs.relay(this.nodeId, message.logs);
    if (message?.$case !== 'report') return;
    // A report that was not yet looked at is worth nothing once there is a newer one.
    this.#report = message.report;
    this.wake();
  }

  wake(): void {
    this.#isWoken = true;
    if (!this.#isWorking) void this.#work();
  }

  end(reason: DomainError): void {
    this.out.error(reason);
  }

  sendSubscriptions(): void {
    this.#send(undefined);
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#isWoken && !this.out.closed) {
        this.#isWoken = false;
        await this.#step();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isWorking = false;
    }
  }

  async #step(): Promise<void> {
    const report = this.#report;
    this.#report = undefined;
    if (!this.#isKnown) await this.parts.enrolment.ensureKnown(this.nodeId);
    this.#isKnown = true;
    if (report) {
      await this.parts.reports.accept(this.nodeId, report);
      this.#hasReported = true;
      // What was sent and is not held was lost on the way or is still being read: sending it again harms nobody.
      this.#sent = { epoch: report.heldEpoch, generation: report.heldGeneration };
    }
    if (this.#hasReported) await this.#sendDesired();
  }

  async #sendDesired(): Promise<void> {
    const desired = await this.parts.desired.newerThan(this.#sent, this.nodeId);
    if (!desired) return;
    this.#sent = desired;
    this.#send(desired);
  }

  #send(desiredState: nodeV1.DesiredState | undefined): void {
    if (!this.out.closed) this.out.next({ desiredState, logSubscriptions: this.parts.logs.of(this.nodeId) });
  }

  /** The agent comes back with a stream of its own and says everything anew. */
  #fail(error: unknown): void {
    this.parts.logger.warn({ err: error, node_id: this.nodeId }, 'the stream of a node is ended');
    const ours = isDomainError(error);
    const message = 'the report could not be taken in; connect again';
    this.out.error(ours ? error : new DomainError('UNAVAILABLE', 'REPORT_NOT_TAKEN', message, { cause: error }));
  }
}

function replaced(): DomainError {
  return new DomainError('ABORTED', 'STREAM_REPLACED', 'the node has opened a newer stream; use that one');
}

function stopping(): DomainError {
  return new DomainError('UNAVAILABLE', 'SCHEDULER_STOPPING', 'this scheduler process stops; connect again');
}
