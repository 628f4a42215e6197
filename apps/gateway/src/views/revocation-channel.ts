import { setTimeout as delay } from 'node:timers/promises';
import { identityV1 } from '@ostro/contracts';
import type { GrpcClient } from '@ostro/grpc-host';
import { type Clock, compareGenerations, type Generation, isNewer } from '@ostro/kernel';
import { fromProto, keyDigest } from './key-record.ts';
import type { KeyTable } from './key-table.ts';
import type { RevocationFile } from './revocation-file.ts';

type Identity = Pick<GrpcClient<identityV1.RevocationServiceService>, 'watchRevocations'>;

export interface RevocationChannelOptions {
  readonly identity: Identity;
  readonly file: RevocationFile;
  readonly table: KeyTable;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Identity beats each second; a stream that is silent for longer is dead, whatever TCP says. */
const SILENCE_MS = 4_000;
const LONGEST_PAUSE_MS = 1_000;
/** Clocks of identity and gateway may differ. */
const KEPT_AFTER_EXPIRY_MS = 24 * 3_600_000;
const START: Generation = { epoch: 0n, generation: 0n };

/** The second channel of revocations: with it a revoked key dies within seconds although Kafka is down. */
export class RevocationChannel {
  readonly #options: RevocationChannelOptions;
  readonly #stopping = new AbortController();
  /** Newest record of each key. */
  readonly #records = new Map<string, identityV1.ApiKeyRecord>();
  #newest: Generation = START;
  #heardAtMs = -Infinity;
  #isDirty = false;
  #saving: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: RevocationChannelOptions) {
    this.#options = options;
  }

  /** Resolves when what earlier runs were told is in force again; listening goes on behind. */
  async start(): Promise<void> {
    for (const record of await this.#options.file.load()) this.#take(record);
    this.#isDirty = false;
    this.#running = this.#listen();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#saving;
    await this.#save();
  }

  /** Milliseconds since identity was last heard; Infinity: never. */
  ageMs(): number {
    return this.#options.clock.monotonicMs() - this.#heardAtMs;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#watch();
      } catch (error) {
        if (!signal.aborted) this.#options.onError(error);
      }
      await delay(Math.random() * LONGEST_PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #watch(): Promise<void> {
    const request = { afterEpoch: this.#newest.epoch, afterGeneration: this.#newest.generation };
    const silence = new AbortController();
    const stream = this.#options.identity.watchRevocations(request, {
      signal: AbortSignal.any([this.#stopping.signal, silence.signal]),
    });
    const watchdog = setTimeout(() => silence.abort(), SILENCE_MS).unref();
    try {
      for await (const { revoked } of stream) {
        watchdog.refresh();
        if (revoked !== undefined) this.#take(revoked);
        this.#heardAtMs = this.#options.clock.monotonicMs();
        this.#saving ??= this.#save().finally(() => (this.#saving = undefined));
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** In force at once; on disk soon after. */
  #take(record: identityV1.ApiKeyRecord): void {
    const { epoch, generation } = record;
    if (compareGenerations(record, this.#newest) > 0) this.#newest = { epoch, generation };
    if (!isNewer(record, this.#records.get(record.keyId))) return;
    this.#records.set(record.keyId, record);
    this.#options.table.applyRevocation({ digest: keyDigest(record), key: fromProto(record) });
    this.#isDirty = true;
  }

  /** What comes while it writes is written with the next message, a beat at the latest. */
  async #save(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#forgetExpired();
    try {
      await this.#options.file.save([...this.#records.values()]);
    } catch (error) {
      this.#isDirty = true;
      this.#options.onError(error);
    }
  }

  /** A key that has expired is refused for that. */
  #forgetExpired(): void {
    const expiredBefore = this.#options.clock.now().getTime() - KEPT_AFTER_EXPIRY_MS;
    for (const [keyId, { expireTime }] of this.#records) {
      if (expireTime !== undefined && expireTime.getTime() < expiredBefore) this.#records.delete(keyId);
    }
  }
}
