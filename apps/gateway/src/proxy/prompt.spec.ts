import { type Operation } from '../domain/parameters.ts';
import { Prompts } from './prompt.ts';

const SYSTEM = 'You answer briefly and name your sources. '.repeat(40);
const prompts = new Prompts(new Uint8Array(32).fill(1));

function asked(forwarded: Record<string, unknown>, operation: Operation = 'chat') {
  return { operation, model: 'm', isStream: false, askedMaxTokens: undefined, forwarded };
}

const chat = (...contents: readonly string[]) =>
  asked({ messages: contents.map((content) => ({ role: 'user', content })) });

/** Leading blocks that two prompts have in common. */
function common(a: Uint32Array, b: Uint32Array): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return Math.floor(at / 2);
}

describe('what the choice of a replica knows of a prompt', () => {
  it('is one hash for each 512 bytes, equal as far as the prompts are', () => {
    const first = prompts.read(chat(SYSTEM, 'Who?'), 'org_a');
    const second = prompts.read(chat(SYSTEM, 'When?'), 'org_a');
    const other = prompts.read(chat(`X${SYSTEM}`, 'Who?'), 'org_a');
    expect(first.blocks).toHaveLength(2 * 3);
    expect(common(first.blocks, second.blocks)).toBe(3);
    expect(common(first.blocks, other.blocks)).toBe(0);
  });

  it('stays as a conversation grows', () => {
    const turn = prompts.read(chat(SYSTEM, 'a'.repeat(1_000)), 'org_a');
    const next = prompts.read(chat(SYSTEM, 'a'.repeat(1_000), 'b'.repeat(1_000), 'c'), 'org_a');
    expect(common(turn.blocks, next.blocks)).toBe(turn.blocks.length / 2);
  });

  it('has nothing in common between organizations, nor between secrets', () => {
    const ours = prompts.read(asked({ prompt: SYSTEM, user: 'u' }, 'completion'), 'org_a');
    const theirs = prompts.read(asked({ prompt: SYSTEM, user: 'u' }, 'completion'), 'org_b');
    const elsewhere = new Prompts(new Uint8Array(32).fill(2)).read(
      asked({ prompt: SYSTEM, user: 'u' }, 'completion'),
      'org_a',
    );
    const hashes = new Set(ours.blocks);
    expect([...theirs.blocks, ...elsewhere.blocks].filter((word) => hashes.has(word))).toEqual([]);
    expect(new Set([ours, theirs, elsewhere].map(({ sessionHash }) => sessionHash)).size).toBe(3);
  });

  it('tells an equal block apart by what stands before it', () => {
    const { blocks } = prompts.read(asked({ prompt: 'a'.repeat(511 + 1_024) }, 'completion'), 'org_a');
    expect(blocks).toHaveLength(6);
    expect(blocks[2]).not.toBe(blocks[4]);
  });

  it('is bounded for a prompt that is not', () => {
    const { blocks, inputTokens } = prompts.read(asked({ prompt: 'a'.repeat(4_000_000) }, 'completion'), 'org_a');
    expect(blocks).toHaveLength(2 * 1_024);
    expect(inputTokens).toBeGreaterThan(999_999);
  });

  it('is nothing but a length for embeddings, which cache nothing', () => {
    const { blocks, inputTokens } = prompts.read(asked({ input: SYSTEM }, 'embedding'), 'org_a');
    expect(blocks).toHaveLength(0);
    expect(inputTokens).toBeGreaterThan(400);
  });
});
