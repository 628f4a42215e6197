import type { Clock } from '@ostro/kernel';
import { residencyAllows } from '@ostro/routing';
import { type Refusal, unavailable } from '../domain/refusal.ts';
import type { Replica } from '../domain/route.ts';
import type { Activations } from './activations.ts';
import { AgentAnswer, type AnswerHead } from './agent-answer.ts';
import { type AgentRequest, toDispatch } from './agent-request.ts';
import type { NodeConnections } from './node-connections.ts';
import type { ReplicaChoice, Routed } from './replica-choice.ts';
import type { ReplicaLoads } from './replica-loads.ts';
import type { Visitor, WaitingRoom } from './waiting-room.ts';

export interface Attempt {
  readonly number: number;
  readonly replicaId: string;
  readonly nodeId: string;
}

/** One admitted request on its way to a replica. */
export interface Job extends Routed {
  readonly request: AgentRequest;
  readonly deploymentId: string;
  /** More replicas can be had by asking for them, so the request is worth holding even if there is none. */
  readonly isScalable: boolean;
  /** The deployment's replicas now: they may change while the request waits. */
  readonly replicas: () => readonly Replica[];
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Called before the first dispatch. @returns a refusal when its Begin cannot be kept. */
  readonly begin: () => Refusal | undefined;
  /** Attempts that may have cost something: those an agent did not refuse. Filled in order. */
  readonly attempts: Attempt[];
}

/** An answer whose head has come; the replica is held until `release`. */
export interface Opened {
  readonly answer: AgentAnswer;
  readonly head: AnswerHead;
  readonly release: () => void;
}

export interface DispatcherOptions {
  readonly connections: Pick<NodeConnections, 'poolOf'>;
  readonly loads: ReplicaLoads;
  readonly choice: Pick<ReplicaChoice, 'pick' | 'sent'>;
  readonly room: WaitingRoom;
  readonly clock: Clock;
  /** How long a request waits while every replica is busy. */
  readonly waitMs: number;
  /** How long a request waits where more replicas can be had. */
  readonly holdMs: number;
  readonly activations: Pick<Activations, 'changed' | 'etaMs'>;
  /** A replica did not do what its route promises; never the client's doing. */
  readonly onReplicaFailed: (replica: Replica, error: Error) => void;
}

/** Why a round found nobody; cold: none was there that could be tried; forbidden: nor anywhere its residency allows. */
type Vain = 'busy' | 'cold' | 'forbidden' | 'failed';

/** How it went with each replica tried once. */
interface Round {
  readonly end: Opened | Refusal | Vain;
  readonly failures: number;
}

type Tried = Opened | 'busy' | 'elsewhere' | 'failed' | Refusal;

const MOST_FAILURES = 3;
const AVOID_FAILED_MS = 10_000;
const AVOID_REFUSING_MS = 2_000;
const RETRY_SECONDS = 5;
const STARTING_RETRY_SECONDS = 10;
const FORBIDDEN_RETRY_SECONDS = 30;

/** Finds a replica that takes a request. Only before the first byte of an answer may another one be tried. */
export class Dispatcher {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  async open(job: Job): Promise<Opened | Refusal> {
    const { clock, waitMs, holdMs } = this.#options;
    const deadlineMs = clock.monotonicMs() + (job.isScalable ? holdMs : waitMs);
    const visitor = this.#visitor(job);
    try {
      for (let failures = 0; ;) {
        const round = await this.#tryAll(job, visitor, MOST_FAILURES - failures);
        failures += round.failures;
        const { end } = round;
        if (typeof end !== 'string') return end;
        // A replica that is started may stand where the one that is there must not serve.
        const isWorthWaiting = end === 'busy' || (end !== 'failed' && job.isScalable);
        if (!isWorthWaiting) return this.#inVain(end, job);
        if (job.signal.aborted || clock.monotonicMs() >= deadlineMs || !visitor.enter()) return this.#inVain(end, job);
        await visitor.wait(job.signal);
      }
    } finally {
      visitor.leave();
    }
  }

  /** Whoever can have more replicas started is told of each that waits. */
  #visitor({ deploymentId, isScalable, request }: Job): Visitor {
    const { room, activations } = this.#options;
    const onMoved = isScalable ? () => activations.changed(deploymentId) : () => undefined;
    return room.visitor(deploymentId, request.body.length, onMoved);
  }

  #inVain(end: Vain, { deploymentId, isScalable }: Job): Refusal {
    if (end === 'busy') return busy();
    if (end === 'forbidden') return forbidden();
    if (end === 'failed' || !isScalable) return failed();
    return starting(this.#options.activations.etaMs(deploymentId));
  }

  /** Each replica once, until one answers. */
  async #tryAll(job: Job, visitor: Visitor, mostFailures: number): Promise<Round> {
    const { choice } = this.#options;
    const tried = new Set<string>();
    let failures = 0;
    let isBusy = false;
    while (!job.signal.aborted && failures < mostFailures) {
      const replicas = job.replicas();
      const replica = choice.pick(job, replicas, tried);
      if (replica === undefined) {
        return { end: isBusy ? 'busy' : this.#whyNobody(job, replicas, failures), failures };
      }
      tried.add(replica.replicaId);
      // With a replica it no longer waits, and is not to be counted twice.
      visitor.leave();
      const outcome = await this.#try(job, replica);
      if (outcome === 'busy') isBusy = true;
      else if (outcome === 'failed') failures += 1;
      else if (outcome !== 'elsewhere') return { end: outcome, failures };
    }
    return { end: 'failed', failures };
  }

  /** Why nobody is left to be tried. Whom its residency does not allow is as if not there. */
  #whyNobody({ target }: Job, replicas: readonly Replica[], failures: number): Vain {
    const { loads } = this.#options;
    const allowed = replicas.filter((replica) => residencyAllows(target.residency, replica));
    if (allowed.some((replica) => loads.isFull(replica))) return 'busy';
    if (failures > 0) return 'failed';
    return replicas.length > 0 && allowed.length === 0 ? 'forbidden' : 'cold';
  }

  async #try(job: Job, replica: Replica): Promise<Tried> {
    const { connections, loads, choice, room, clock } = this.#options;
    const refusal = job.begin();
    if (refusal !== undefined) return refusal;
    const number = job.attempts.length + 1;
    const answer = new AgentAnswer();
    const release = () => {
      loads.end(replica.replicaId);
      room.placeFreed(job.deploymentId);
    };
    const leave = () => answer.abort(new Error('the client has left'));
    job.signal.addEventListener('abort', leave, { once: true });
    loads.begin(replica.replicaId);
    choice.sent(job, replica);
    job.attempts.push({ number, replicaId: replica.replicaId, nodeId: replica.nodeId });
    try {
      connections.poolOf(replica).dispatch(toDispatch(job.request, replica, number, clock.now()), answer);
      const head = await answer.head;
      const verdict = this.#judge(head, replica);
      if (verdict === undefined) return { answer, head, release };
      answer.discard();
      // What an agent refuses leaves no witness: its number is free again.
      if (verdict !== 'failed') job.attempts.pop();
      release();
      return verdict;
    } catch (error) {
      release();
      if (!job.signal.aborted) this.#failed(replica, error as Error);
      return 'failed';
    } finally {
      job.signal.removeEventListener('abort', leave);
    }
  }

  /** Undefined: the answer goes to the client. */
  #judge({ status, headers }: AnswerHead, replica: Replica): 'busy' | 'elsewhere' | 'failed' | undefined {
    const refusal = headers['x-ostro-refusal'];
    if (refusal === 'busy') return 'busy';
    if (refusal !== undefined) {
      this.#options.loads.avoid(replica.replicaId, AVOID_REFUSING_MS);
      return 'elsewhere';
    }
    if (status < 500) return undefined;
    this.#failed(replica, new Error(`the model server answered ${status}`));
    return 'failed';
  }

  #failed(replica: Replica, error: Error): void {
    this.#options.loads.avoid(replica.replicaId, AVOID_FAILED_MS);
    this.#options.onReplicaFailed(replica, error);
  }
}

function busy(): Refusal {
  return unavailable('overloaded', 'Every replica of this model is busy. Try again shortly.', RETRY_SECONDS);
}

function starting(etaMs: number | undefined): Refusal {
  const seconds = etaMs === undefined ? STARTING_RETRY_SECONDS : Math.max(1, Math.ceil(etaMs / 1_000));
  return unavailable(
    'model_not_ready',
    `A replica of this model is being started and is expected in ${seconds} s. Nothing is billed; try again then.`,
    seconds,
  );
}

/** It tells the client nothing of where replicas stand. */
function forbidden(): Refusal {
  return unavailable(
    'residency_not_satisfied',
    'No replica of this model runs where its residency policy allows, so the request was sent nowhere. Nothing is ' +
      'billed; try again later, or ask the owner of the deployment to compare its policy with the sites of its nodes.',
    FORBIDDEN_RETRY_SECONDS,
  );
}

function failed(): Refusal {
  return unavailable(
    'no_replica_answers',
    'No replica of this model answers now. Nothing is billed; try again shortly.',
    RETRY_SECONDS,
  );
}
