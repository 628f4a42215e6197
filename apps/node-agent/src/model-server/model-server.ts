import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Engine } from './engines/engine.ts';
import { Generator } from './generation/generator.ts';
import { SlotPool } from './generation/slot-pool.ts';
import { bodyLimitBytes } from './http/body-limit.ts';
import { Completions } from './http/completions.http.ts';
import { METRICS_TYPE, renderMetrics } from './http/metrics.ts';
import { type Endpoints, router } from './http/router.http.ts';
import { sendJson } from './http/send-json.ts';
import { listenOn } from './listen.ts';
import type { Log } from './log.ts';
import type { ModelServerConfig } from './model-server.config.ts';
import { proofOf } from './proof.ts';
import { ServingState } from './serving-state.ts';
import type { Timer } from './timer.ts';

export interface ModelServerParts {
  readonly config: ModelServerConfig;
  readonly engine: Engine;
  readonly timer: Timer;
  readonly log: Log;
}

/** One engine behind OpenAI's HTTP surface: answers /health from its first moment, and the rest once loaded. */
export class ModelServer {
  readonly #parts: ModelServerParts;
  readonly #state = new ServingState();
  readonly #pool: SlotPool;
  readonly #generator: Generator;
  readonly #server: Server;
  readonly #abortDrain = new AbortController();
  #stopping: Promise<void> | undefined;

  constructor(parts: ModelServerParts) {
    const { config, engine, log } = parts;
    this.#parts = parts;
    this.#pool = new SlotPool(config.slots, config.queue);
    this.#generator = new Generator(engine, this.#pool);
    const options = {
      key: config.listen.kind === 'port' ? config.listen.key : undefined,
      bodyLimitBytes: bodyLimitBytes(config.contextTokens),
    };
    this.#server = createServer({ keepAliveTimeout: 60_000 }, router(this.#endpoints(), this.#state, log, options));
  }

  /** Resolves when the model is loaded. @throws DomainError as Engine.load and listenOn do. */
  async start(): Promise<void> {
    const { config, engine, timer, log } = this.#parts;
    const startedMs = timer.monotonicMs();
    const address = await listenOn(this.#server, config.listen);
    log('info', 'listening', { address, engine: config.engine, model: config.servedName });
    await engine.load((progress) => this.#state.loading(progress));
    this.#state.ready();
    log('info', 'ready', { loadMs: Math.round(timer.monotonicMs() - startedMs), rssBytes: process.memoryUsage.rss() });
  }

  /** Lets running requests end until the configured deadline. Called again, it aborts them at once. */
  stop(): Promise<void> {
    if (this.#stopping) this.#abortDrain.abort();
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  async #drain(): Promise<void> {
    const { config, timer, log } = this.#parts;
    log('info', 'draining', { running: this.#pool.running });
    this.#server.close();
    this.#server.closeIdleConnections();
    await this.#state.drain(config.drainDeadlineMs, timer, this.#abortDrain.signal);
    this.#server.closeAllConnections();
    log('info', 'stopped', { ...this.#generator.totals });
  }

  #endpoints(): Endpoints {
    const { config, engine, timer } = this.#parts;
    const completions = new Completions(engine, this.#generator, timer, config);
    const startedSeconds = Math.floor(timer.now().getTime() / 1000);
    return {
      health: (url, response) => this.#health(url, response),
      get: {
        '/v1/models': (response) =>
          sendJson(response, 200, {
            object: 'list',
            data: [
              {
                id: config.servedName,
                object: 'model',
                created: startedSeconds,
                owned_by: 'ostro',
                max_model_len: config.contextTokens,
              },
            ],
          }),
        '/slots': (response) => sendJson(response, 200, this.#pool.slots.map(toSlot)),
        '/metrics': (response) => {
          response.writeHead(200, { 'content-type': METRICS_TYPE });
          response.end(renderMetrics(this.#generator.totals, this.#pool));
        },
      },
      post: {
        '/v1/chat/completions': (body, response, caller) => completions.chat(body, response, caller),
        '/v1/completions': (body, response, caller) => completions.text(body, response, caller),
        '/v1/embeddings': (body, response, caller) => completions.embeddings(body, response, caller),
        '/tokenize': (body, response) => completions.tokenize(body, response),
      },
    };
  }

  #health(url: URL, response: ServerResponse): void {
    const challenge = url.searchParams.get('challenge');
    const { serving } = this.#state;
    sendJson(response, serving.status === 'ready' ? 200 : 503, {
      ...serving,
      ...(challenge && { proof: proofOf(this.#parts.config.nonce, challenge) }),
    });
  }
}

/** llama-server's names where it has them; whose state a slot holds is nobody else's business. */
function toSlot(slot: SlotPool['slots'][number]) {
  return {
    id: slot.index,
    is_processing: slot.processing,
    n_prompt_tokens: slot.promptTokens,
    n_cached_tokens: slot.cachedTokens,
    n_decoded: slot.completionTokens,
  };
}
