import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@ostro/kernel';
import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';

/** A program that ran in our place has ended with this status, and has said why. */
export class ProgramEnded extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`the program ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a program of this installation in our place, with our terminal.
 *
 * @throws DomainError FAILED_PRECONDITION (NOT_INSTALLED), ProgramEnded for any status but 0.
 */
export async function runProgram(
  { env }: Pick<Io, 'env'>,
  program: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  if (!existsSync(path)) {
    const message = `${program} is not here: this command needs a clone of Ostro; run "npm run build" in it`;
    throw new DomainError('FAILED_PRECONDITION', 'NOT_INSTALLED', message);
  }
  const child = spawn(process.execPath, ['--enable-source-maps', path, ...args], {
    stdio: 'inherit',
    env: { ...env, ...settings },
  });
  // Ctrl-C reaches the child as well: it stops in order, and we wait for it.
  const wait = () => undefined;
  process.on('SIGINT', wait);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new ProgramEnded(code ?? EXIT.interrupted);
  } finally {
    process.off('SIGINT', wait);
  }
}
