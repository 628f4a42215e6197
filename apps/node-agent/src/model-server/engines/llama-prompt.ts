import { DomainError } from '@ostro/kernel';
import type * as Llama from 'node-llama-cpp';
import type { ChatMessage, RenderedPrompt } from './engine.ts';

export type LlamaLibrary = typeof Llama;

/** Renders a chat by the template in the model's own file, or plainly where the file has none. */
export interface PromptRenderer {
  render(messages: readonly ChatMessage[]): RenderedPrompt;
}

/**
 * @throws DomainError DATA_LOSS (MODEL_BROKEN) when the file carries a template that cannot be understood: to serve
 * it with another one would answer differently from what was tested.
 */
export function promptRenderer(library: LlamaLibrary, model: Llama.LlamaModel): PromptRenderer {
  const template = model.fileInfo.metadata?.tokenizer?.chat_template;
  if (!template) return { render: (messages) => renderPlainly(model, messages) };
  const wrapper = templateWrapper(library, model, template);
  return { render: (messages) => renderByTemplate(wrapper, model, messages) };
}

/** The begin token, exactly when llama.cpp itself would add it. */
export function withBegin(model: Llama.LlamaModel, tokens: readonly Llama.Token[]): Llama.Token[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  if (!shouldPrependBosToken || bos === null || tokens[0] === bos) return [...tokens];
  return [bos, ...tokens];
}

function templateWrapper(library: LlamaLibrary, model: Llama.LlamaModel, template: string) {
  try {
    return new library.JinjaTemplateChatWrapper({ template, tokenizer: model.tokenizer, reasoning: null });
  } catch (error) {
    const message = `the model's chat template cannot be read: ${messageOf(error)}; import a revision with a valid template`;
    throw new DomainError('DATA_LOSS', 'MODEL_BROKEN', message, { cause: error });
  }
}

function renderByTemplate(
  wrapper: Llama.JinjaTemplateChatWrapper,
  model: Llama.LlamaModel,
  messages: readonly ChatMessage[],
): RenderedPrompt {
  try {
    const { contextText } = wrapper.generateContextState({ chatHistory: historyOf(messages) });
    // Text of the messages is tokenized as text: a message cannot spell the template's control tokens.
    return { tokens: withBegin(model, contextText.tokenize(model.tokenizer)), stop: [] };
  } catch (error) {
    const message =
      "the model's chat template refuses these messages; send roles in the order the model was trained on";
    throw new DomainError('INVALID_ARGUMENT', 'TEMPLATE_REFUSED', message, {
      cause: error,
      details: { param: 'messages' },
    });
  }
}

/** A base model continues text, so the turns are written as a transcript and the next user turn ends the answer. */
function renderPlainly(model: Llama.LlamaModel, messages: readonly ChatMessage[]): RenderedPrompt {
  const turns = messages.map(({ role, content }) => (role === 'system' ? content : `${NAMES[role]}: ${content}`));
  const text = [...turns, `${NAMES.assistant}:`].join('\n');
  return { tokens: withBegin(model, model.tokenize(text, false)), stop: [`\n${NAMES.user}:`] };
}

const NAMES = { user: 'User', assistant: 'Assistant' } as const;

function historyOf(messages: readonly ChatMessage[]): Llama.ChatHistoryItem[] {
  const history = messages.map(({ role, content }): Llama.ChatHistoryItem => {
    if (role === 'assistant') return { type: 'model', response: [content] };
    return { type: role, text: content };
  });
  return [...history, { type: 'model', response: [''] }];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
