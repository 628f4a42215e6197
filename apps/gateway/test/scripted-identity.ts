import { join } from 'node:path';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { identityV1 } from '@ostro/contracts';
import { loadIdentity } from '@ostro/pki';
import type { TestCell } from './test-cell.ts';

type Watch = ServerWritableStream<identityV1.WatchRevocationsRequest, identityV1.WatchRevocationsResponse>;

/** Identity's stream of revocations over mTLS, said by a test. */
export class ScriptedIdentity {
  readonly asked: identityV1.WatchRevocationsRequest[] = [];
  readonly #cell: TestCell;
  readonly #watching = new Set<Watch>();
  readonly #revoked: identityV1.ApiKeyRecord[] = [];
  #server: Server | undefined;
  port = 0;

  constructor(cell: TestCell) {
    this.#cell = cell;
  }

  async listen(): Promise<void> {
    const { caPem, tls } = await loadIdentity(join(this.#cell.dir, 'identity'));
    const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key.reveal()) };
    const credentials = ServerCredentials.createSsl(Buffer.from(caPem), [pair], true);
    const server = new Server();
    server.addService(identityV1.RevocationServiceService, { watchRevocations: (call: Watch) => this.#watch(call) });
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
    this.#server = server;
  }

  stop(): void {
    this.#server?.forceShutdown();
    this.#watching.clear();
  }

  get watchers(): number {
    return this.#watching.size;
  }

  revoke(record: identityV1.ApiKeyRecord): void {
    this.#revoked.push(record);
    for (const call of this.#watching) call.write({ revoked: record, sendTime: new Date() });
  }

  beat(): void {
    for (const call of this.#watching) call.write({ revoked: undefined, sendTime: new Date() });
  }

  #watch(call: Watch): void {
    this.asked.push(call.request);
    this.#watching.add(call);
    call.on('cancelled', () => this.#watching.delete(call));
    for (const revoked of this.#revoked) {
      if (revoked.generation > call.request.afterGeneration) call.write({ revoked, sendTime: new Date() });
    }
  }
}
