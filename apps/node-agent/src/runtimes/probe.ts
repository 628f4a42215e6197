import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { proofOf } from '../model-server/proof.ts';

export type Probe =
  | { readonly state: 'loading' | 'ready' | 'draining'; readonly phase: string; readonly progress: number }
  /** Nothing answers on the socket. */
  | { readonly state: 'unreachable'; readonly problem: string }
  /** Something answers that does not know the nonce. */
  | { readonly state: 'foreign' };

const LONGEST_ANSWER_BYTES = 16_384;

/** Asks the process behind a socket how it is and makes it prove that it is the one that was started. */
export async function probeSocket(socketPath: string, nonce: string, timeoutMs: number): Promise<Probe> {
  const challenge = randomBytes(16).toString('hex');
  try {
    const answer = JSON.parse(await get(socketPath, `/health?challenge=${challenge}`, timeoutMs)) as Record<
      string,
      unknown
    >;
    if (answer['proof'] !== proofOf(nonce, challenge)) return { state: 'foreign' };
    return {
      state: answer['status'] as 'loading' | 'ready' | 'draining',
      phase: String(answer['phase']),
      progress: Number(answer['progress']),
    };
  } catch (error) {
    return { state: 'unreachable', problem: error instanceof Error ? error.message : String(error) };
  }
}

function get(socketPath: string, path: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > LONGEST_ANSWER_BYTES) call.destroy(new Error('the answer to /health is too long'));
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}
