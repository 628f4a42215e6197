/** A character may span four byte tokens; more pending ones are no character any more. */
const LONGEST_CHARACTER_TOKENS = 4;
const CONTEXT_TOKENS = 8;
const REPLACEMENT = '\ufffd';

/** Turns tokens into text as they come and never hands out half a character. */
export class TokenText<Token> {
  readonly #detokenize: (tokens: Token[], before: Token[]) => string;
  #before: Token[];
  #pending: Token[] = [];

  constructor(detokenize: (tokens: Token[], before: Token[]) => string, prompt: readonly Token[]) {
    this.#detokenize = detokenize;
    this.#before = prompt.slice(-CONTEXT_TOKENS);
  }

  /** What became readable by this token; '' while a character is unfinished. */
  push(token: Token): string {
    this.#pending.push(token);
    const text = this.#detokenize(this.#pending, this.#before);
    if (text.endsWith(REPLACEMENT) && this.#pending.length < LONGEST_CHARACTER_TOKENS) return '';
    this.#before = [...this.#before, ...this.#pending].slice(-CONTEXT_TOKENS);
    this.#pending = [];
    return text;
  }

  /** The unfinished rest, shown with replacement characters. */
  end(): string {
    return this.#pending.length === 0 ? '' : this.#detokenize(this.#pending, this.#before);
  }
}
