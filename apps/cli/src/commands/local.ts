import type { Command } from 'commander';
import { body, everyItem } from '../management/client.ts';
import { fields } from '../output/table.ts';
import { runProgram } from '../program-here.ts';
import type { Commands, Session } from '../session.ts';

export function localCommands(program: Command, commands: Commands): void {
  program
    .command('up')
    .description('run all of Ostro on this machine until Ctrl-C')
    .argument('[options...]', 'as of "npm start", such as --model FILE or --simulate 8xH100-80GB')
    .allowUnknownOption()
    .helpOption(false)
    .action(
      commands.run<object, [string[]]>(({ io }, _, options) =>
        runProgram(io, 'local/dist/main.js', ['start', ...options]),
      ),
    );
  program.command('status').description('is it there, who am I, what runs').action(commands.run(status));
}

async function status(session: Session): Promise<void> {
  const { name, apiUrl } = await session.context();
  const api = await session.api();
  const who = await body(api.GET('/v1/whoami'));
  const [deployments, nodes] = await Promise.all([
    everyItem((page_token) => api.GET('/v1/deployments', { params: { query: { page_token } } })),
    everyItem((page_token) => api.GET('/v1/nodes', { params: { query: { page_token } } })),
  ]);
  const value = {
    context: name,
    api_url: apiUrl,
    gateway_url: await session.gatewayUrl(),
    organization_id: who.organization_id,
    project_id: who.project_id,
    deployments: tally(deployments.map(({ phase }) => phase)),
    nodes: tally(nodes.map(({ state }) => state)),
  };
  session.out.show(value, () =>
    fields({ ...value, deployments: inWords(value.deployments), nodes: inWords(value.nodes) }),
  );
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function inWords(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([word, count]) => `${count} ${word}`);
  return parts.join(', ') || 'none';
}
