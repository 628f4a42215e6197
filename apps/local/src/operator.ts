import { isDomainError } from '@ostro/kernel';
import { runOperatorCommand } from './operator-commands.ts';
import { readOperatorCommand } from './operator.config.ts';

/** First set-up of a cell that runs as separate processes: containers, Kubernetes, machines. */
async function main(): Promise<void> {
  const command = readOperatorCommand(process.argv.slice(2));
  await runOperatorCommand(command, (line) => process.stdout.write(`${line}\n`));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`operator: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(isDomainError(error) && error.reason === 'USAGE' ? 2 : 1);
  },
);
