import { readFile } from 'node:fs/promises';
import type { HostPort } from '@ostro/config';
import { identityV1 } from '@ostro/contracts';
import { grpcClient } from '@ostro/grpc-host';
import { DomainError, isDomainError } from '@ostro/kernel';
import { createCsr, renewalDue, tlsIdentity, type TlsIdentity } from '@ostro/pki';
import type { Logger } from '@ostro/telemetry';
import type { BackOff } from '../control/domain/back-off.ts';
import type { Timer } from '../model-server/timer.ts';
import { IdentityFolder } from './identity-folder.ts';
import { isExpired, NodeIdentity } from './node-identity.ts';

export interface EnrolmentOptions {
  readonly dataDir: string;
  readonly nodeName: string;
  readonly identityAddress: HostPort;
  readonly enrolmentAddress: HostPort | undefined;
  readonly joinTokenFile: string | undefined;
  readonly caFile: string | undefined;
}

const LOOK_EVERY_MS = 60_000;

/** How a machine becomes a node of the cell and stays one. Its keys are made here and never leave. */
export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #folder: IdentityFolder;
  readonly #timer: Timer;
  readonly #backOff: BackOff;
  readonly #logger: Logger;

  constructor(options: EnrolmentOptions, timer: Timer, backOff: BackOff, logger: Logger) {
    this.#options = options;
    this.#folder = new IdentityFolder(options.dataDir);
    this.#timer = timer;
    this.#backOff = backOff;
    this.#logger = logger;
  }

  /**
   * The stored identity, else a new one by the join token. Waits for identity as long as it cannot be reached.
   *
   * @throws DomainError as identity refused the token, or FAILED_PRECONDITION (NOT_ENROLLED) naming what to set.
   */
  async open(): Promise<NodeIdentity> {
    const stored = await this.#folder.load();
    if (stored && !isExpired(stored, this.#timer.now())) return new NodeIdentity(stored);
    if (stored) this.#logger.warn({ node: stored.name }, 'the certificate of this node expired; enrolling again');
    for (let failures = 1; ; failures++) {
      try {
        const identity = await this.#enrol();
        await this.#folder.save(identity);
        this.#logger.info({ node: identity.name }, 'enrolled');
        return new NodeIdentity(identity);
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#logger.warn({ err: error }, 'identity cannot be reached; trying again');
        await this.#timer.sleep(this.#backOff.pauseMs(failures));
      }
    }
  }

  /** Replaces the certificate when it is due, until the signal. A failure is logged and tried again in a minute. */
  async renewUntil(stopped: AbortSignal, identity: NodeIdentity): Promise<void> {
    while (!stopped.aborted) {
      try {
        if (renewalDue(identity.current.tls.cert, this.#timer.now())) await this.#renew(identity);
      } catch (error) {
        this.#logger.error({ err: error }, 'the certificate of this node could not be renewed; trying again');
      }
      await this.#timer.sleep(LOOK_EVERY_MS, stopped).catch(() => undefined);
    }
  }

  async #enrol(): Promise<TlsIdentity> {
    const { enrolmentAddress, joinTokenFile, caFile, nodeName } = this.#options;
    if (!enrolmentAddress || !joinTokenFile || !caFile) throw notEnrolled();
    const [joinToken, caPem] = await Promise.all([readText(joinTokenFile), readText(caFile)]);
    const { csrPem, keyPem } = await createCsr('node');
    const client = grpcClient(identityV1.NodeEnrolmentServiceService, {
      address: enrolmentAddress,
      identity: { caPem },
      expectedService: 'identity',
    });
    try {
      const answer = await client.enrolNode({ joinToken: joinToken.trim(), csrPem, nodeName });
      return tlsIdentity({ caPem: answer.caPem, certPem: answer.certificatePem, keyPem });
    } finally {
      client.close();
    }
  }

  async #renew(identity: NodeIdentity): Promise<void> {
    const { csrPem, keyPem } = await createCsr(identity.nodeId);
    const client = grpcClient(identityV1.NodeEnrolmentServiceService, {
      address: this.#options.identityAddress,
      identity: identity.current,
      expectedService: 'identity',
    });
    try {
      const { certificatePem } = await client.renewNodeCertificate({ csrPem });
      const renewed = tlsIdentity({ caPem: identity.current.caPem, certPem: certificatePem, keyPem });
      await this.#folder.save(renewed);
      identity.replace(renewed);
      this.#logger.info('certificate renewed');
    } finally {
      client.close();
    }
  }
}

function isPassing(error: unknown): boolean {
  return isDomainError(error) && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
}

function notEnrolled(): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'NOT_ENROLLED',
    'this node is not enrolled: create a join token and set OSTRO_JOIN_TOKEN_FILE, OSTRO_CA_FILE and OSTRO_IDENTITY_ENROLMENT_ADDRESS',
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new DomainError('FAILED_PRECONDITION', 'ENROLMENT_FILE_MISSING', `${path} cannot be read`, {
      details: { path },
      cause,
    });
  }
}
