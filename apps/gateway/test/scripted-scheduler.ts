import { join } from 'node:path';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { schedulingV1 } from '@ostro/contracts';
import { loadIdentity } from '@ostro/pki';
import type { TestCell } from './test-cell.ts';

type Activation = ServerWritableStream<schedulingV1.ActivateRequest, schedulingV1.ActivateResponse>;

/** The scheduler's answers to what gateways hold, over mTLS, said by a test. */
export class ScriptedScheduler {
  readonly asked: schedulingV1.ActivateRequest[] = [];
  /** What is answered at once; the answer ends when it holds a route. */
  answer: Partial<schedulingV1.ActivateResponse> = { etaMs: 20_000 };
  readonly #open = new Set<Activation>();
  #server: Server | undefined;
  port = 0;

  static async listen(cell: TestCell): Promise<ScriptedScheduler> {
    const scheduler = new ScriptedScheduler();
    const { caPem, tls } = await loadIdentity(join(cell.dir, 'scheduler'));
    const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key.reveal()) };
    const credentials = ServerCredentials.createSsl(Buffer.from(caPem), [pair], true);
    const server = new Server();
    server.addService(schedulingV1.ActivationServiceService, {
      activate: (call: Activation) => scheduler.#activate(call),
    });
    scheduler.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
    scheduler.#server = server;
    return scheduler;
  }

  close(): void {
    this.#server?.forceShutdown();
  }

  /** What was said last of how much waits for a deployment. */
  waiting(deploymentId: string): number | undefined {
    return this.asked.findLast((request) => request.deploymentId === deploymentId)?.waitingRequests;
  }

  #activate(call: Activation): void {
    this.asked.push(call.request);
    this.#open.add(call);
    call.on('cancelled', () => this.#open.delete(call));
    if (call.request.waitingRequests > 0) call.write(schedulingV1.ActivateResponse.fromPartial(this.answer));
    if (call.request.waitingRequests === 0 || this.answer.route) call.end();
  }
}
