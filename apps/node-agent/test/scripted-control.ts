import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import { identityV1, nodeV1 } from '@ostro/contracts';
import { type IdSource } from '@ostro/kernel';
import { type CertificateAuthority, type TlsIdentity } from '@ostro/pki';

type Stream = ServerDuplexStream<nodeV1.ConnectRequest, nodeV1.ConnectResponse>;
type Enrol = ServerUnaryCall<identityV1.EnrolNodeRequest, identityV1.EnrolNodeResponse>;
type Renew = ServerUnaryCall<identityV1.RenewNodeCertificateRequest, identityV1.RenewNodeCertificateResponse>;

/** The scheduler's side of the stream, saying what a test tells it to and keeping what it hears. */
export class ScriptedScheduler {
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  #desired: nodeV1.DesiredState | undefined;
  #subscriptions: nodeV1.LogSubscription[] = [];
  #reports: nodeV1.NodeReport[] = [];
  readonly logLines: string[] = [];
  connections = 0;

  constructor() {
    this.#server = new Server();
    this.#server.addService(nodeV1.NodeControlServiceService, { connect: (stream: Stream) => this.#connect(stream) });
  }

  static async start(identity: TlsIdentity, port = 0): Promise<ScriptedScheduler & { readonly address: string }> {
    const scheduler = new ScriptedScheduler();
    const bound = await listen(scheduler.#server, identity, { needsCertificate: true, port });
    return Object.assign(scheduler, { address: `127.0.0.1:${bound}` });
  }

  get lastReport(): nodeV1.NodeReport {
    const last = this.#reports.at(-1);
    if (!last) throw new Error('no report has come yet');
    return last;
  }

  get reports(): readonly nodeV1.NodeReport[] {
    return this.#reports;
  }

  replica(id: string): nodeV1.ObservedReplica | undefined {
    return this.lastReport.replicas.find(({ replicaId }) => replicaId === id);
  }

  say(desired: nodeV1.DesiredState, subscriptions: nodeV1.LogSubscription[] = []): void {
    this.#desired = desired;
    this.#subscriptions = subscriptions;
    for (const stream of this.#streams) this.#tell(stream);
  }

  cut(): void {
    for (const stream of this.#streams) stream.emit('error', { code: status.UNAVAILABLE, details: 'cut' });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #connect(stream: Stream): void {
    this.connections += 1;
    this.#streams.add(stream);
    this.#tell(stream);
    stream.on('data', ({ message }: nodeV1.ConnectRequest) => {
      if (message?.$case === 'report') this.#reports.push(message.report);
      if (message?.$case === 'logs') this.logLines.push(...message.logs.lines);
    });
    stream.on('end', () => stream.end());
    stream.on('error', () => undefined);
    stream.on('close', () => this.#streams.delete(stream));
  }

  #tell(stream: Stream): void {
    stream.write({ desiredState: this.#desired, logSubscriptions: this.#subscriptions });
  }
}

/** Identity's enrolment and renewal with the cell's real authority: a token is good once. */
export class ScriptedIdentity {
  readonly #server = new Server();
  readonly #tokens = new Set<string>();
  readonly #authority: CertificateAuthority;
  readonly #ids: IdSource;
  enrolments = 0;
  renewals = 0;
  ttlMs = 3_600_000;
  nodeId = '';

  private constructor(authority: CertificateAuthority, ids: IdSource) {
    this.#authority = authority;
    this.#ids = ids;
    this.#server.addService(
      { ...identityV1.NodeEnrolmentServiceService },
      {
        enrolNode: (call: Enrol, done: sendUnaryData<identityV1.EnrolNodeResponse>) => void this.#enrol(call, done),
        renewNodeCertificate: (call: Renew, done: sendUnaryData<identityV1.RenewNodeCertificateResponse>) =>
          void this.#renew(call, done),
      },
    );
  }

  static async start(identity: TlsIdentity, authority: CertificateAuthority, ids: IdSource) {
    const scripted = new ScriptedIdentity(authority, ids);
    const port = await listen(scripted.#server, identity, { needsCertificate: false, port: 0 });
    return Object.assign(scripted, { address: `127.0.0.1:${port}` });
  }

  addToken(token: string): void {
    this.#tokens.add(token);
  }

  close(): void {
    this.#server.forceShutdown();
  }

  async #enrol({ request }: Enrol, done: sendUnaryData<identityV1.EnrolNodeResponse>): Promise<void> {
    if (!this.#tokens.delete(request.joinToken)) return done({ code: status.PERMISSION_DENIED, details: 'used' });
    this.enrolments += 1;
    this.nodeId = this.#ids('nod');
    const certificatePem = await this.#issue(request.csrPem);
    const caPem = this.#authority.certPem;
    done(null, identityV1.EnrolNodeResponse.fromPartial({ nodeId: this.nodeId, certificatePem, caPem }));
  }

  async #renew({ request }: Renew, done: sendUnaryData<identityV1.RenewNodeCertificateResponse>): Promise<void> {
    this.renewals += 1;
    done(null, { certificatePem: await this.#issue(request.csrPem), expireTime: undefined });
  }

  #issue(csrPem: string): Promise<string> {
    return this.#authority.issueNode({ nodeId: this.nodeId, siteId: 'site', csrPem, ttlMs: this.ttlMs });
  }
}

function listen(
  server: Server,
  identity: TlsIdentity,
  { needsCertificate, port }: { needsCertificate: boolean; port: number },
): Promise<number> {
  const pair = { cert_chain: Buffer.from(identity.tls.cert), private_key: Buffer.from(identity.tls.key.reveal()) };
  const credentials = ServerCredentials.createSsl(Buffer.from(identity.caPem), [pair], needsCertificate);
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
}
