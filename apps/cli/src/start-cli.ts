import { Command, CommanderError } from 'commander';
import { isDomainError } from '@ostro/kernel';
import { accessCommands } from './commands/access.ts';
import { adminCommands } from './commands/admin.ts';
import { chatCommand } from './commands/chat.ts';
import { contextCommands } from './commands/contexts.ts';
import { deploymentCommands } from './commands/deployments.ts';
import { localCommands } from './commands/local.ts';
import { modelCommands } from './commands/models.ts';
import { nodeCommands } from './commands/nodes.ts';
import { simulateCommand } from './commands/simulate.ts';
import { usageCommands } from './commands/usage.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { Io } from './io.ts';
import { ProgramEnded } from './program-here.ts';
import { Commands } from './session.ts';

const VERSION = '0.1.0';

/** The whole command: parses, runs, and answers the exit code. It never ends the process and prints no stack traces. */
export async function startCli(argv: readonly string[], io: Io): Promise<number> {
  const program = programOf(io);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return tell(error, io, argv.includes('--json'));
  }
}

function programOf(io: Io): Command {
  const program = new Command('ostro')
    .description('Open-weight models as OpenAI-compatible endpoints on GPUs you own.')
    .version(VERSION)
    .option('--json', 'print JSON and nothing else')
    .option('--context <name>', 'use this context once')
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .exitOverride();
  const commands = new Commands(io);
  for (const add of [
    localCommands,
    contextCommands,
    accessCommands,
    modelCommands,
    deploymentCommands,
    chatCommand,
    usageCommands,
    nodeCommands,
    adminCommands,
    simulateCommand,
  ]) {
    add(program, commands);
  }
  pointToHelp(program, program.name());
  return program;
}

/** A mistake in `ostro keys create` points to the help of that command, which has the answer. */
function pointToHelp(command: Command, words: string): void {
  command.showHelpAfterError(`See "${words} --help".`);
  for (const sub of command.commands) pointToHelp(sub, `${words} ${sub.name()}`);
}

function tell(error: unknown, { stdout, stderr }: Io, json: boolean): number {
  // Commander has said what is wrong with the command line, or has shown the help that was asked for.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    const wrong = error.code === 'commander.help' ? 'name a command' : error.message.replace(/^error: /, '');
    if (json) writeError(stdout, 'USAGE', wrong);
    return EXIT.usage;
  }
  if (error instanceof ProgramEnded) return error.exitCode;
  if (!isDomainError(error)) {
    stderr.write(`ostro: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
  if (json) writeError(stdout, error.reason, error.message);
  stderr.write(`ostro: ${error.message}\n`);
  return exitCodeOf(error.code);
}

function writeError(stdout: Io['stdout'], reason: string, message: string): void {
  stdout.write(`${JSON.stringify({ error: { reason, message } }, null, 2)}\n`);
}
