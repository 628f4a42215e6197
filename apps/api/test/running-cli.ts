import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as a person's shell would, in a home of its own. */
export async function runCli(
  args: readonly string[],
  { env, cwd, stdin = '' }: { readonly env: Record<string, string>; readonly cwd: string; readonly stdin?: string },
): Promise<CliRun> {
  if (!existsSync(main)) throw new Error('the CLI is not built: run "npm run build"');
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { HOME: cwd, ...env } });
  child.stdin.end(stdin);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
