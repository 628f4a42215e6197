import { type Command, InvalidArgumentError } from 'commander';
import type { Commands, Session } from '../session.ts';
import type { SimulateOptions } from '../simulate/run-simulation.ts';

const MAX_SEED = 2 ** 32 - 1;
const MAX_BAD_ROWS = 1_000;

export function simulateCommand(program: Command, commands: Commands): void {
  program
    .command('simulate')
    .description('what a policy would have cost on recorded requests; needs no running Ostro')
    .requiredOption('--trace <file>', 'recorded requests: CSV or JSON lines, told by their first line')
    .requiredOption('--policy <file>', 'policy in YAML, such as examples/simulate/default.yaml')
    .option('--against <file>', 'a second policy to compare with')
    .option('--format <name>', 'of the trace: requests-csv, requests-jsonl, mooncake, azure or genai')
    .option('--seed <n>', 'same seed, same result', wholeUpTo(MAX_SEED), 1)
    .option('--max-bad-rows <n>', 'leave out up to that many rows that cannot be read', wholeUpTo(MAX_BAD_ROWS), 0)
    .option('--html <file>', 'write charts into one page that needs no network')
    .action(commands.run<SimulateOptions>(simulate));
}

/** The simulator and what it brings are loaded here, so that every other command starts without them. */
async function simulate(session: Session, options: SimulateOptions): Promise<void> {
  const { runSimulation } = await import('../simulate/run-simulation.ts');
  runSimulation(session, options);
}

function wholeUpTo(max: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,10}$/.test(text) && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`Use a whole number from 0 to ${max}.`);
  };
}
