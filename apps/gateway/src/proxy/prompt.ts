import { createHmac, hash } from 'node:crypto';
import type { BlockHashes } from '@ostro/routing';
import type { InferenceRequest } from '../domain/inference-request.ts';

/** What the choice of a replica knows of a prompt: no text. */
export interface Prompt {
  readonly organizationId: string;
  readonly blocks: BlockHashes;
  /** An estimate, like all tokens here: nothing is tokenized in the gateway. */
  readonly inputTokens: number;
  readonly sessionHash: number | undefined;
}

/** Of English text and of most code. */
const BYTES_PER_TOKEN = 4;
const BLOCK_BYTES = 512;
export const BLOCK_TOKENS = BLOCK_BYTES / BYTES_PER_TOKEN;
/** Beyond so much of a prompt, more of it says nothing new about where its beginning is cached. */
const MOST_BLOCKS = 1_024;
const MOST_BYTES = MOST_BLOCKS * BLOCK_BYTES;
const HASH_BYTES = 32;
/** Keys of so many organizations are kept; then they are drawn again. */
const MOST_KEYS = 10_000;

/**
 * Cuts prompts into blocks of 512 bytes and hashes each with all before it. The key is drawn from a secret for each
 * organization, so that equal prompts of two organizations have nothing in common here, as in the engines' caches, and
 * so that the hashes say nothing of the text to who reads this process's memory later.
 */
export class Prompts {
  readonly #secret: Uint8Array;
  readonly #keys = new Map<string, Uint8Array>();

  /** @param secret 32 bytes; the same in all gateways that are to understand each other's hashes */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  read(request: InferenceRequest, organizationId: string): Prompt {
    const key = this.#keyOf(organizationId);
    const { text, bytes } = textOf(request);
    const user = request.forwarded['user'];
    return {
      organizationId,
      blocks: blocksOf(text, key),
      inputTokens: Math.ceil(bytes / BYTES_PER_TOKEN),
      sessionHash:
        typeof user === 'string'
          ? hash('sha256', Buffer.concat([key, Buffer.from(user)]), 'buffer').readUInt32LE()
          : undefined,
    };
  }

  #keyOf(organizationId: string): Uint8Array {
    const known = this.#keys.get(organizationId);
    if (known !== undefined) return known;
    if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
    const key = createHmac('sha256', this.#secret).update(organizationId).digest();
    this.#keys.set(organizationId, key);
    return key;
  }
}

/** The prompt from its beginning, as long as it is looked at, and about how many bytes it has in all. */
function textOf({ operation, forwarded }: InferenceRequest): { readonly text: string; readonly bytes: number } {
  if (operation === 'embedding') return { text: '', bytes: JSON.stringify(forwarded['input']).length };
  const parts = operation === 'chat' ? (forwarded['messages'] as readonly unknown[]) : [forwarded['prompt']].flat();
  let text = '';
  let bytes = 0;
  for (const part of parts) {
    const written = JSON.stringify(part);
    bytes += written.length;
    if (text.length < MOST_BYTES) text += `${written}\n`;
  }
  return { text, bytes };
}

function blocksOf(text: string, key: Uint8Array): BlockHashes {
  const bytes = Buffer.from(text.slice(0, MOST_BYTES));
  const count = Math.min(MOST_BLOCKS, Math.floor(bytes.length / BLOCK_BYTES));
  const words = new Uint32Array(2 * count);
  // One input for every block, of a fixed length: the key, the hash before, the block. So no hash can be extended.
  const input = Buffer.alloc(HASH_BYTES + HASH_BYTES + BLOCK_BYTES);
  input.set(key);
  for (let block = 0; block < count; block += 1) {
    bytes.copy(input, 2 * HASH_BYTES, block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    const digest = hash('sha256', input, 'buffer');
    input.set(digest, HASH_BYTES);
    words[2 * block] = digest.readUInt32LE(0);
    words[2 * block + 1] = digest.readUInt32LE(4);
  }
  return words;
}
