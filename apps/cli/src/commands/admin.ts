import type { Command } from 'commander';
import { runProgram } from '../program-here.ts';
import type { Commands } from '../session.ts';

/** For whoever runs a cell. */
export function adminCommands(program: Command, commands: Commands): void {
  const admin = program.command('admin').description('for whoever runs a cell');
  admin
    .command('topics')
    .description('create the Kafka topics of a cell; safe to run again')
    .requiredOption('--brokers <list>', 'host:port, comma-separated')
    .action(
      commands.run<{ brokers: string }>(({ io }, { brokers }) =>
        runProgram(io, 'local/dist/operator.js', ['topics'], { OSTRO_KAFKA_BROKERS: brokers }),
      ),
    );
}
