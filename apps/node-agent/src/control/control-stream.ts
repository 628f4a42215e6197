import type { HostPort } from '@ostro/config';
import { nodeV1 } from '@ostro/contracts';
import { grpcClient } from '@ostro/grpc-host';
import { isNewer } from '@ostro/kernel';
import type { Logger } from '@ostro/telemetry';
import type { NodeIdentity } from '../enrolment/node-identity.ts';
import type { Timer } from '../model-server/timer.ts';
import type { DesiredStateFile } from './desired-state-file.ts';
import type { BackOff } from './domain/back-off.ts';
import { LogSubscriptions } from './log-subscriptions.ts';
import type { NodeReporter } from './node-report.ts';

const REPORT_EVERY_MS = 2_000;
/** Changes that come together are told together. */
const GATHER_MS = 25;

export interface ControlStreamParts {
  readonly schedulerAddress: HostPort;
  readonly identity: NodeIdentity;
  readonly file: DesiredStateFile;
  readonly reporter: NodeReporter;
  readonly backOff: BackOff;
  readonly timer: Timer;
  readonly logger: Logger;
  readonly logPathOf: (replicaId: string) => string;
  readonly onDesired: (desired: nodeV1.DesiredState) => void;
}

type Stream = ReturnType<ReturnType<typeof grpcClient<typeof nodeV1.NodeControlServiceService>>['connect']>;

/** The agent's side of the stream with the scheduler: obeys what is newer than what it holds, reports all there is. */
export class ControlStream {
  readonly #parts: ControlStreamParts;
  #held: nodeV1.DesiredState | undefined;
  #isConnected = false;
  #wake = Promise.withResolvers<void>();

  constructor(parts: ControlStreamParts) {
    this.#parts = parts;
  }

  get held(): nodeV1.DesiredState | undefined {
    return this.#held;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** What was obeyed last, before a scheduler is asked. */
  async restore(): Promise<void> {
    this.#held = await this.#parts.file.load();
    if (this.#held) this.#parts.onDesired(this.#held);
  }

  /** Something changed: report soon, not only at the next beat. */
  reportSoon(): void {
    this.#wake.resolve();
  }

  async runUntil(stopped: AbortSignal): Promise<void> {
    const { backOff, timer, logger } = this.#parts;
    for (let failures = 0; !stopped.aborted;) {
      try {
        await this.#converse(stopped, () => {
          failures = 0;
          this.#isConnected = true;
        });
        logger.info('the scheduler closed the stream; connecting again');
      } catch (error) {
        if (!stopped.aborted) logger.warn({ err: error }, 'the stream to the scheduler broke; connecting again');
      }
      this.#isConnected = false;
      failures += 1;
      await timer.sleep(backOff.pauseMs(failures), stopped).catch(() => undefined);
    }
  }

  async #converse(stopped: AbortSignal, onAnswer: () => void): Promise<void> {
    const { schedulerAddress, identity, logPathOf, timer, logger } = this.#parts;
    const client = grpcClient(nodeV1.NodeControlServiceService, {
      address: schedulerAddress,
      identity: identity.current,
      expectedService: 'scheduler',
    });
    const over = new AbortController();
    const ended = AbortSignal.any([stopped, over.signal]);
    const stream = client.connect({ signal: ended });
    const logs = new LogSubscriptions(logPathOf, (message) => stream.write(message), timer, logger);
    const reporting = this.#report(stream, ended);
    // Whichever side of the stream fails first ends the conversation.
    reporting.catch((error: unknown) => {
      if (!ended.aborted) logger.warn({ err: error }, 'the state of this node could not be reported');
      over.abort();
    });
    try {
      for await (const response of stream) {
        onAnswer();
        logs.set(response.logSubscriptions);
        if (response.desiredState) await this.#obey(response.desiredState);
      }
    } finally {
      over.abort();
      logs.set([]);
      client.close();
    }
    await reporting;
  }

  async #obey(desired: nodeV1.DesiredState): Promise<void> {
    const { file, identity, logger, onDesired } = this.#parts;
    if (desired.nodeId !== identity.nodeId) {
      logger.error({ node: desired.nodeId }, 'ignored a desired state for another node');
      return;
    }
    if (!isNewer(desired, this.#held)) return;
    await file.save(desired);
    this.#held = desired;
    onDesired(desired);
    this.reportSoon();
  }

  async #report(stream: Stream, ended: AbortSignal): Promise<void> {
    const { reporter, timer } = this.#parts;
    while (!ended.aborted) {
      this.#wake = Promise.withResolvers<void>();
      await stream.write({ message: { $case: 'report', report: await reporter.report(this.#held) } });
      const beat = new AbortController();
      const pause = timer.sleep(REPORT_EVERY_MS, AbortSignal.any([ended, beat.signal])).catch(() => undefined);
      await Promise.race([pause, this.#wake.promise]);
      beat.abort();
      await timer.sleep(GATHER_MS, ended).catch(() => undefined);
    }
  }
}
