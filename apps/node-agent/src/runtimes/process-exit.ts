import { open } from 'node:fs/promises';
import { EXIT_CODES, type ExitReason } from '../model-server/exit-code.ts';

export interface ProcessExit {
  /** Both undefined for an adopted process: only a parent is told. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** `cpu_unsupported`: the binary does not fit this processor, so no restart will help. */
  readonly reason: ExitReason | 'cpu_unsupported' | 'killed' | 'unknown';
  readonly lastLogLines: readonly string[];
}

const SIGILL_BY_SHELL = 132;
const TAIL_BYTES = 16_384;
const TAIL_LINES = 20;

export async function processExit(
  code: number | undefined,
  signal: NodeJS.Signals | undefined,
  logPath: string,
): Promise<ProcessExit> {
  return { code, signal, reason: reasonOf(code, signal), lastLogLines: await lastLines(logPath) };
}

function reasonOf(code: number | undefined, signal: NodeJS.Signals | undefined): ProcessExit['reason'] {
  if (signal === 'SIGILL' || code === SIGILL_BY_SHELL) return 'cpu_unsupported';
  if (signal !== undefined) return 'killed';
  const known = Object.entries(EXIT_CODES).find(([, value]) => value === code);
  return known ? (known[0] as ExitReason) : 'unknown';
}

async function lastLines(path: string): Promise<string[]> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return [];
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
    return buffer.subarray(0, bytesRead).toString('utf8').split('\n').filter(Boolean).slice(-TAIL_LINES);
  } finally {
    await file.close();
  }
}
