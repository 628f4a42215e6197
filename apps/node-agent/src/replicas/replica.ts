import { nodeV1 } from '@ostro/contracts';
import { DomainError, isDomainError } from '@ostro/kernel';
import type { Logger } from '@ostro/telemetry';
import type { BackOff } from '../control/domain/back-off.ts';
import type { Timer } from '../model-server/timer.ts';
import type { ModelServerProcess } from '../runtimes/model-server-process.ts';
import type { ProcessExit } from '../runtimes/process-exit.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { BlobClient } from '../weights/blob-client.ts';
import type { WeightCache } from '../weights/weight-cache.ts';
import {
  type Failure,
  isGivenUp,
  type Retry,
  retryAfterError,
  retryAfterExit,
  STABLE_AFTER_MS,
} from './domain/failures.ts';
import { type Facts, nextAction, type Phase, phaseOf, type Wish } from './domain/replica-decision.ts';
import { ReplicaHealth } from './replica-health.ts';
import { modelServerSpec, neededFiles, type ReplicaPaths, runtimeOf, type Runtimes } from './runtime-choice.ts';

export interface ReplicaTools {
  readonly timer: Timer;
  readonly logger: Logger;
  readonly runtimes: Runtimes;
  readonly isSimulatedNode: boolean;
  readonly weights: WeightCache;
  /** A client of the registry as the newest desired state names it. */
  readonly openBlobs: () => BlobClient;
  readonly paths: ReplicaPaths;
  readonly backOff: BackOff;
  /** Something about a replica changed: look at it again, and report. */
  readonly onChange: () => void;
}

export interface ReplicaProgress {
  pulledBytes: number;
  totalBytes: number;
  pullMs: number;
  loadMs: number;
  restarts: number;
}

/** Stops that nobody asked to wait for end requests that are still there within this. */
const STOP_PATIENCE_MS = 1_000;

/** One replica on this node: what is so about it, and the steps that change it. */
export class Replica {
  readonly id: string;
  readonly progress: ReplicaProgress = { pulledBytes: 0, totalBytes: 0, pullMs: 0, loadMs: 0, restarts: 0 };
  readonly #tools: ReplicaTools;
  #desired: nodeV1.DesiredReplica | undefined;
  #wish: Wish = { goal: 'run' };
  #task: { readonly kind: NonNullable<Facts['task']>; readonly abort: AbortController } | undefined;
  #health: ReplicaHealth | undefined;
  #isAdopted = false;
  #hasWeights = false;
  #isSuspect = false;
  #runningRequests = 0;
  #begunRequests = 0;
  #failuresInARow = 0;
  #failure: Failure | undefined;
  #isHopeless = false;
  #retryAtMs = 0;

  constructor(id: string, tools: ReplicaTools) {
    this.id = id;
    this.#tools = tools;
  }

  get desired(): nodeV1.DesiredReplica | undefined {
    return this.#desired;
  }

  get phase(): Phase {
    return phaseOf(this.#wish, this.#facts);
  }

  get process(): ModelServerProcess | undefined {
    return this.#health?.process;
  }

  get isAdopted(): boolean {
    return this.#isAdopted;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  get runningRequests(): number {
    return this.#runningRequests;
  }

  /** Since this process started. */
  get begunRequests(): number {
    return this.#begunRequests;
  }

  /** A newer placement of the same replica starts with a clean record. */
  want(desired: nodeV1.DesiredReplica, wish: Wish): void {
    if (this.#desired && desired.fencingToken > this.#desired.fencingToken) this.#forgive();
    this.#desired = desired;
    this.#wish = wish;
  }

  /** Nobody wants it any more: drained until the deadline of the first time this was said. */
  release(deadlineMs: number): void {
    if (this.#wish.goal === 'run') this.#wish = { goal: 'drain', deadlineMs };
  }

  /** A model server of an earlier agent that was proven to be this replica's. */
  adopt(process: ModelServerProcess): void {
    this.#isAdopted = true;
    this.#hasWeights = true;
    this.#watch(process);
  }

  /** Counts a request in; the answer, once, counts it out. The last one out lets a draining replica stop. */
  beginRequest(): () => void {
    this.#runningRequests += 1;
    this.#begunRequests += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#runningRequests -= 1;
      if (this.#wish.goal === 'drain') this.#tools.onChange();
    };
  }

  /** Takes the one next step, if any. Steps run on their own and end in `onChange`. */
  reconcile(): void {
    const { timer } = this.#tools;
    switch (nextAction(this.#wish, this.#facts, timer.now().getTime())) {
      case 'pull':
        return this.#run('pulling', (desired, signal) => this.#pull(desired, signal));
      case 'start':
        return this.#run('starting', (desired) => this.#start(desired));
      case 'stop':
        return this.#run('stopping', () => this.#stop());
      case 'cancel-pull':
        return this.#task?.abort.abort();
      case 'wait':
        this.#forgiveWhenStable();
        return this.#health?.look();
    }
  }

  /** Resolves when no step is under way. */
  async settled(): Promise<void> {
    this.#task?.abort.abort();
    while (this.#task) await this.#tools.timer.sleep(10);
  }

  get #facts(): Facts {
    return {
      task: this.#task?.kind,
      hasWeights: this.#hasWeights,
      process: this.#health?.state ?? 'none',
      runningRequests: this.#runningRequests,
      isHopeless: this.#isHopeless,
      retryAtMs: this.#retryAtMs,
    };
  }

  #run(
    kind: NonNullable<Facts['task']>,
    step: (desired: nodeV1.DesiredReplica | undefined, signal: AbortSignal) => Promise<void>,
  ): void {
    const abort = new AbortController();
    this.#task = { kind, abort };
    this.#tools.onChange();
    void step(this.#desired, abort.signal)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) this.#failed(this.#failureOf(error), retryAfterError(codeOf(error)));
      })
      .finally(() => {
        this.#task = undefined;
        this.#tools.onChange();
      });
  }

  async #pull(desired: nodeV1.DesiredReplica | undefined, signal: AbortSignal): Promise<void> {
    const { weights, openBlobs, timer } = this.#tools;
    const { files, digest } = this.#needs(desired);
    this.progress.totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (this.#isSuspect && (await weights.verify(digest, files))) throw unreadable(digest);
    this.#isSuspect = false;
    if (files.length > 0 && !(await weights.has(digest, files))) {
      const startedMs = timer.monotonicMs();
      this.progress.pulledBytes = 0;
      const blobs = openBlobs();
      try {
        const onBytes = (bytes: number): void => void (this.progress.pulledBytes += bytes);
        await weights.pull({ digest, files, blobs, signal, onBytes });
      } finally {
        await blobs.close();
      }
      this.progress.pullMs = Math.max(1, Math.round(timer.monotonicMs() - startedMs));
    }
    this.progress.pulledBytes = this.progress.totalBytes;
    this.#hasWeights = true;
  }

  async #start(desired: nodeV1.DesiredReplica | undefined): Promise<void> {
    const { weights, paths } = this.#tools;
    const { files, digest, runtime, replica } = this.#needs(desired);
    if (files.length > 0 && !(await weights.has(digest, files))) {
      this.#hasWeights = false;
      return;
    }
    const directory = files.length > 0 ? weights.directoryOf(digest) : '';
    this.#isAdopted = false;
    this.#watch(await runtime.start(modelServerSpec(replica, { directory, files }, paths)));
  }

  async #stop(): Promise<void> {
    const process = this.#health?.process;
    await process?.stop({ drainDeadlineMs: this.#runningRequests === 0 ? STOP_PATIENCE_MS : 0 });
  }

  #watch(process: ModelServerProcess): void {
    const { timer, onChange } = this.#tools;
    const startedMs = timer.monotonicMs();
    const health = new ReplicaHealth(process, timer, () => {
      if (!this.#isAdopted && this.progress.loadMs === 0) {
        this.progress.loadMs = Math.max(1, Math.round(timer.monotonicMs() - startedMs));
      }
      onChange();
    });
    this.#health = health;
    void process.exit.then((exit) => {
      this.#exited(exit);
      onChange();
    });
  }

  #exited(exit: ProcessExit): void {
    this.#health = undefined;
    if (this.#task?.kind === 'stopping') return;
    const { logger } = this.#tools;
    logger.warn({ replica: this.id, reason: exit.reason, code: exit.code }, 'a model server ended by itself');
    this.progress.restarts += 1;
    this.progress.loadMs = 0;
    const message = `the model server ended (${exit.reason}); its last log lines say more`;
    const failure = { reason: exit.reason, message, lastLogLines: exit.lastLogLines };
    // Damaged on the disk or broken as it was published? The next pull looks before it fetches.
    this.#isSuspect = exit.reason === 'model_broken' || exit.reason === 'model_missing';
    if (this.#isSuspect) this.#hasWeights = false;
    this.#failed(failure, retryAfterExit(exit.reason));
  }

  #failed(failure: Failure, retry: Retry): void {
    const { timer, backOff, logger } = this.#tools;
    this.#failuresInARow += 1;
    this.#failure = failure;
    this.#isHopeless = isGivenUp(retry, this.#failuresInARow);
    this.#retryAtMs = timer.now().getTime() + backOff.pauseMs(this.#failuresInARow);
    logger.warn(
      { replica: this.id, reason: failure.reason, failures: this.#failuresInARow, givenUp: this.#isHopeless },
      failure.message,
    );
  }

  #failureOf(error: unknown): Failure {
    return {
      reason: isDomainError(error) ? error.reason.toLowerCase() : 'internal',
      message: error instanceof Error ? error.message : String(error),
      lastLogLines: this.#failure?.lastLogLines ?? [],
    };
  }

  #forgive(): void {
    this.#failuresInARow = 0;
    this.#failure = undefined;
    this.#isHopeless = false;
    this.#retryAtMs = 0;
  }

  #forgiveWhenStable(): void {
    if (this.#failure && (this.#health?.readyForMs() ?? 0) >= STABLE_AFTER_MS) this.#forgive();
  }

  #needs(desired: nodeV1.DesiredReplica | undefined) {
    if (!desired) throw new DomainError('INTERNAL', 'NOTHING_DESIRED', 'a step was taken for a replica nobody wants');
    const { runtimes, isSimulatedNode } = this.#tools;
    const runtime: Runtime = runtimeOf(desired, isSimulatedNode, runtimes);
    return { runtime, replica: desired, digest: desired.modelDigest, files: neededFiles(desired, runtime) };
  }
}

function codeOf(error: unknown): string {
  return isDomainError(error) ? error.code : 'INTERNAL';
}

function unreadable(digest: string): DomainError {
  const message = `the runtime cannot read ${digest}, although the files are exactly those of the manifest; deploy another model revision or runtime`;
  return new DomainError('INVALID_ARGUMENT', 'MODEL_BROKEN', message);
}
