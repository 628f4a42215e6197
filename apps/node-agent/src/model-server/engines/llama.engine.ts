import { setImmediate } from 'node:timers/promises';
import { DomainError } from '@ostro/kernel';
import type * as Llama from 'node-llama-cpp';
import {
  type ChatMessage,
  Engine,
  type EngineLimits,
  type LoadProgress,
  PREFILL_PIECE_TOKENS,
  type RenderedPrompt,
  sharedPrefix,
  type Sampling,
  type Step,
  type Work,
} from './engine.ts';
import { type LlamaLibrary, promptRenderer, type PromptRenderer, withBegin } from './llama-prompt.ts';
import { TokenText } from './token-text.ts';
import { brokenWeights, checkWeights } from './weights-file.ts';

export interface LlamaEngineOptions extends EngineLimits {
  readonly modelPath: string;
  readonly threads: number;
  readonly embedding: boolean;
  /** What llama.cpp itself says: about tensors and memory, never about prompts. */
  readonly log: (level: 'warn' | 'error', message: string) => void;
}

interface Loaded {
  readonly llama: Llama.Llama;
  readonly model: Llama.LlamaModel;
  readonly renderer: PromptRenderer;
  readonly context?: Llama.LlamaContext;
  readonly embeddingContext?: Llama.LlamaEmbeddingContext;
}

/** llama.cpp in this process, by node-llama-cpp's prebuilt binaries: it neither downloads nor compiles anything. */
export class LlamaEngine extends Engine {
  readonly limits: EngineLimits;
  readonly embedding: boolean;
  readonly #options: LlamaEngineOptions;
  #loaded: Loaded | undefined;
  #sequences: Llama.LlamaContextSequence[] = [];

  constructor(options: LlamaEngineOptions) {
    super();
    this.limits = { slots: options.slots, contextTokens: options.contextTokens };
    this.embedding = options.embedding;
    this.#options = options;
  }

  async load(report: (progress: LoadProgress) => void): Promise<void> {
    const { modelPath, threads, contextTokens, slots, embedding } = this.#options;
    report({ phase: 'header', progress: 0 });
    await checkWeights(modelPath);
    report({ phase: 'library', progress: 0 });
    const library = await import('node-llama-cpp');
    const llama = await library.getLlama(this.#llamaOptions(library));
    report({ phase: 'weights', progress: 0 });
    const model = await this.#loadModel(library, llama, report);
    report({ phase: 'context', progress: 0 });
    const renderer = promptRenderer(library, model);
    const size = { contextSize: contextTokens, threads };
    const loaded = await orOutOfMemory(
      async (): Promise<Loaded> =>
        embedding
          ? { llama, model, renderer, embeddingContext: await model.createEmbeddingContext(size) }
          : { llama, model, renderer, context: await this.#createContext(model, size) },
      `a context of ${contextTokens} tokens in ${slots} slots`,
    );
    this.#loaded = loaded;
    const { context } = loaded;
    if (context) this.#sequences = Array.from({ length: slots }, () => context.getSequence());
  }

  tokenize(text: string): number[] {
    const { model } = this.#ready();
    return withBegin(model, model.tokenize(text, false));
  }

  renderChat(messages: readonly ChatMessage[]): RenderedPrompt {
    return this.#ready().renderer.render(messages);
  }

  reusablePrefix(slot: number, tokens: readonly number[]): number {
    const sequence = this.#sequence(slot);
    const shared = sharedPrefix(sequence.contextTokens, tokens.slice(0, -1));
    return shared === sequence.contextTokens.length || this.#holdsWindowBefore(sequence, shared) ? shared : 0;
  }

  /** A fresh sequence rather than an erased one: checkpoints and predictions go with the old one. */
  async forget(slot: number): Promise<void> {
    const sequence = this.#sequence(slot);
    if (sequence.contextTokens.length === 0) return;
    await sequence.dispose();
    this.#sequences[slot] = sequence.context.getSequence();
  }

  async *generate(work: Work, signal: AbortSignal): AsyncGenerator<Step, void, void> {
    const tokens = work.tokens as readonly Llama.Token[];
    signal.throwIfAborted();
    if (this.reusablePrefix(work.slot, tokens) === 0) await this.forget(work.slot);
    const sequence = this.#sequence(work.slot);
    // Shifting is off: state computed in another context is not this prompt's state, however alike the tokens are.
    await sequence.adaptStateToTokens(tokens.slice(0, -1), false);
    yield { kind: 'prompt', cachedTokens: sequence.nextTokenIndex };
    await this.#prefill(sequence, tokens, signal);
    yield* this.#decode(sequence, tokens, work, signal);
  }

  async embed(tokens: readonly number[], signal: AbortSignal): Promise<readonly number[]> {
    const { embeddingContext } = this.#ready();
    if (!embeddingContext) throw new DomainError('FAILED_PRECONDITION', 'NOT_EMBEDDING', 'no embedding context');
    signal.throwIfAborted();
    const { vector } = await embeddingContext.getEmbeddingFor([...tokens] as Llama.Token[]);
    return normalized(vector);
  }

  async unload(): Promise<void> {
    await this.#loaded?.llama.dispose();
    this.#loaded = undefined;
  }

  async #prefill(
    sequence: Llama.LlamaContextSequence,
    tokens: readonly Llama.Token[],
    signal: AbortSignal,
  ): Promise<void> {
    const end = tokens.length - 1;
    while (sequence.nextTokenIndex < end) {
      const start = sequence.nextTokenIndex;
      await sequence.evaluateWithoutGeneratingNewTokens(
        tokens.slice(start, Math.min(end, start + PREFILL_PIECE_TOKENS)),
      );
      await setImmediate();
      signal.throwIfAborted();
    }
  }

  async *#decode(
    sequence: Llama.LlamaContextSequence,
    tokens: readonly Llama.Token[],
    { maxTokens, sampling }: Work,
    signal: AbortSignal,
  ): AsyncGenerator<Step, void, void> {
    const text = new TokenText((pending, before) => this.#ready().model.detokenize(pending, false, before), tokens);
    const answer: Llama.Token[] = [];
    for await (const token of sequence.evaluate(tokens.slice(-1), evaluateOptions(sampling, answer))) {
      signal.throwIfAborted();
      answer.push(token);
      yield { kind: 'text', text: text.push(token), tokens: 1 };
      signal.throwIfAborted();
      if (answer.length >= maxTokens) break;
    }
    const rest = text.end();
    if (rest) yield { kind: 'text', text: rest, tokens: 0 };
  }

  /**
   * A sliding-window model drops what lies behind its window. Going back further than the state reaches would answer
   * from a window with holes, which llama.cpp does not notice.
   */
  #holdsWindowBefore(sequence: Llama.LlamaContextSequence, index: number): boolean {
    const window = sequence.model.fileInsights.swaSize;
    return !window || sequence.stateCellsStartIndex <= Math.max(0, index - window);
  }

  #llamaOptions(library: LlamaLibrary): Llama.LlamaOptions {
    return {
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      maxThreads: this.#options.threads,
      logLevel: library.LlamaLogLevel.warn,
      logger: (level, message) => this.#options.log(level === 'warn' ? 'warn' : 'error', message.trim()),
    };
  }

  #loadModel(
    library: LlamaLibrary,
    llama: Llama.Llama,
    report: (progress: LoadProgress) => void,
  ): Promise<Llama.LlamaModel> {
    const { modelPath } = this.#options;
    const load = () =>
      llama.loadModel({
        modelPath,
        gpuLayers: 0,
        onLoadProgress: (progress) => report({ phase: 'weights', progress }),
      });
    return orOutOfMemory(async () => {
      try {
        return await load();
      } catch (error) {
        if (error instanceof library.InsufficientMemoryError) throw error;
        throw brokenWeights(modelPath, error);
      }
    }, 'the weights');
  }

  #createContext(model: Llama.LlamaModel, size: { contextSize: number; threads: number }): Promise<Llama.LlamaContext> {
    // A smaller context than promised is no remedy: placement counted on this one.
    return model.createContext({ ...size, sequences: this.#options.slots, failedCreationRemedy: false });
  }

  #ready(): Loaded {
    if (this.#loaded) return this.#loaded;
    throw new DomainError('UNAVAILABLE', 'LOADING', 'the model is not loaded; wait until /health answers 200');
  }

  #sequence(slot: number): Llama.LlamaContextSequence {
    const sequence = this.#sequences[slot];
    if (sequence) return sequence;
    throw new DomainError('INTERNAL', 'NO_SUCH_SLOT', `slot ${slot} does not exist; there are ${this.limits.slots}`);
  }
}

function evaluateOptions(sampling: Sampling, answer: Llama.Token[]): Llama.SequenceEvaluateOptions {
  const { temperature, topP, topK, seed, presencePenalty, frequencyPenalty } = sampling;
  const penalized = presencePenalty !== 0 || frequencyPenalty !== 0;
  return {
    temperature,
    topP,
    topK,
    seed,
    ...(penalized && {
      repeatPenalty: { punishTokens: () => answer, penalty: 1, presencePenalty, frequencyPenalty },
    }),
  };
}

async function orOutOfMemory<T>(allocate: () => Promise<T>, what: string): Promise<T> {
  try {
    return await allocate();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const message = `there is not enough memory for ${what}: ${String(error)}; give it fewer slots or a smaller context`;
    throw new DomainError('RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY', message, { cause: error });
  }
}

function normalized(vector: readonly number[]): number[] {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => (norm === 0 ? 0 : value / norm));
}
