import { createInterface } from 'node:readline/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { type Answer, type ChatOptions, Conversation } from '../chat/conversation.ts';
import { count } from '../output/units.ts';
import type { Commands, Session } from '../session.ts';

interface Options extends ChatOptions {
  readonly system?: string;
}

export function chatCommand(program: Command, commands: Commands): void {
  program
    .command('chat')
    .description('talk to a deployed model; with a question, once')
    .argument('<model>', 'name of an endpoint')
    .argument('[question...]')
    .option('--system <text>', 'what the model is told first')
    .option('--max-tokens <n>', 'end the answer after so many', positive)
    .option('--temperature <t>', '0 is the most likely answer, 2 the wildest', temperature)
    .action(commands.run<Options, [string, string[]]>(chat));
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Write a whole number above 0.');
  return Number(text);
}

function temperature(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0 && value <= 2)) throw new InvalidArgumentError('Write a number from 0 to 2.');
  return value;
}

async function chat(session: Session, options: Options, model: string, words: string[]): Promise<void> {
  const { apiKey } = await session.context();
  const conversation = new Conversation(
    { gatewayUrl: await session.gatewayUrl(), apiKey },
    model,
    options,
    options.system,
  );
  if (words.length > 0) await once(session, conversation, words.join(' '));
  else await interactively(session, conversation, model);
}

async function once({ out }: Session, conversation: Conversation, question: string): Promise<void> {
  const answer = await conversation.ask(question, (piece) => out.json || out.piece(piece));
  if (out.json) return out.show(answer, () => []);
  out.piece('\n');
  out.say(out.style('dim', tokens(answer)));
}

/** Lines in, answers out. Ctrl-C ends an answer; at the prompt it ends the conversation, as Ctrl-D does. */
async function interactively({ io, out }: Session, conversation: Conversation, model: string): Promise<void> {
  const isTyped = io.stdin.isTTY === true;
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: isTyped, prompt: '> ' });
  let isOpen = true;
  let answering: AbortController | undefined;
  lines.on('close', () => (isOpen = false));
  lines.on('SIGINT', () => (answering ? answering.abort() : lines.close()));
  const prompt = () => isTyped && isOpen && lines.prompt();
  if (isTyped) out.say(`${model} listens. Ctrl-C ends an answer, Ctrl-D the conversation.`);
  prompt();
  for await (const line of lines) {
    if (line.trim() !== '') {
      answering = new AbortController();
      await ended(conversation, line, out, answering.signal);
      answering = undefined;
    }
    prompt();
  }
}

async function ended(
  conversation: Conversation,
  question: string,
  out: Session['out'],
  signal: AbortSignal,
): Promise<void> {
  try {
    const answer = await conversation.ask(question, (piece) => out.json || out.piece(piece), signal);
    if (out.json) out.event(answer, () => '');
    else out.piece('\n');
  } catch (error) {
    if (!signal.aborted) throw error;
    out.say('\n(ended)');
  }
}

function tokens({ usage, request_id }: Answer): string {
  const counts = usage ? `${count(usage.prompt_tokens)} tokens in, ${count(usage.completion_tokens)} out` : '';
  return [counts, request_id].filter(Boolean).join(', ');
}
