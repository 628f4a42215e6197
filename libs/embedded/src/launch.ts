import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';

export interface LaunchOptions {
  readonly logFile: string;
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly prefix?: readonly string[];
}

export interface Launched {
  readonly pid: number;
  /** Exit code, -1 for a death by signal, `undefined` while it runs. */
  exitCode(): number | undefined;
}

/**
 * Starts a server in a process group of its own, so that Ctrl-C in a terminal reaches only the program that
 * started it, which then stops the server in order. Its output goes to the log file, never to a pipe that
 * nobody reads after a crash.
 */
export async function launch(command: string, args: readonly string[], options: LaunchOptions): Promise<Launched> {
  const child = await spawnLogged(command, args, options);
  child.unref();
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command} has no process id although it was started`);
  return { pid, exitCode: () => exitCodeOf(child) };
}

/** Resolves with the exit code, -1 for a death by signal. */
export async function runToEnd(command: string, args: readonly string[], options: LaunchOptions): Promise<number> {
  const child = await spawnLogged(command, args, options);
  if (exitCodeOf(child) === undefined) await once(child, 'exit');
  return exitCodeOf(child) ?? -1;
}

/** The last lines of a log, for the text of an error. */
export async function logTail(logFile: string, lines = 20): Promise<string> {
  return (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-lines).join('\n');
}

async function spawnLogged(command: string, args: readonly string[], options: LaunchOptions): Promise<ChildProcess> {
  const [file = command, ...rest] = [...(options.prefix ?? []), command, ...args];
  const log = await open(options.logFile, 'a', 0o600);
  try {
    const child = spawn(file, rest, {
      cwd: options.cwd,
      uid: options.uid,
      gid: options.gid,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await log.close();
  }
}

function exitCodeOf(child: ChildProcess): number | undefined {
  if (child.signalCode !== null) return -1;
  return child.exitCode ?? undefined;
}
