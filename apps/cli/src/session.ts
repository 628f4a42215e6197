import type { Command } from 'commander';
import { type Clock, systemClock } from '@ostro/kernel';
import { findContext, type FoundContext } from './contexts/find-context.ts';
import type { Io } from './io.ts';
import { body, type ManagementClient, managementClient } from './management/client.ts';
import { Output } from './output/output.ts';

/** Options every command has. */
interface GlobalOptions {
  readonly json?: boolean;
  readonly context?: string;
}

/** One run of one command: who speaks, to whom, and where the answer goes. */
export class Session {
  readonly io: Io;
  readonly out: Output;
  readonly clock: Clock = systemClock;
  readonly #asked: string | undefined;
  #context: Promise<FoundContext> | undefined;

  constructor(io: Io, { json = false, context }: GlobalOptions) {
    this.io = io;
    this.out = new Output(io, json);
    this.#asked = context;
  }

  context(): Promise<FoundContext> {
    return (this.#context ??= findContext(this.io, this.#asked));
  }

  async api(): Promise<ManagementClient> {
    const { apiUrl, apiKey } = await this.context();
    return managementClient(apiUrl, apiKey);
  }

  /** Where inference requests go: as the context says, else as the API says. */
  async gatewayUrl(): Promise<string> {
    const { gatewayUrl } = await this.context();
    return gatewayUrl ?? (await body((await this.api()).GET('/v1/whoami'))).gateway_url;
  }
}

/** Gives commands their session. */
export class Commands {
  readonly #io: Io;

  constructor(io: Io) {
    this.#io = io;
  }

  /** Commander hands an action the arguments, then the options, then the command. */
  run<Options extends object = object, Args extends unknown[] = string[]>(
    action: (session: Session, options: Options, ...args: Args) => Promise<void>,
  ): (...given: unknown[]) => Promise<void> {
    return async (...given) => {
      const command = given.at(-1) as Command;
      const session = new Session(this.#io, command.optsWithGlobals<GlobalOptions>());
      await action(session, command.opts<Options>(), ...(given.slice(0, -2) as Args));
    };
  }
}
