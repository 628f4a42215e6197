import { type Command, InvalidArgumentError } from 'commander';
import { given } from '../given.ts';
import { body, everyItem, type Schemas } from '../management/client.ts';
import type { Column } from '../output/table.ts';
import { count, money } from '../output/units.ts';
import type { Commands, Session } from '../session.ts';

const GROUPS = ['day', 'project', 'key', 'model'] as const;
type Group = (typeof GROUPS)[number];
type UsageRow = Schemas['UsageRow'];

interface UsageOptions {
  readonly by: readonly Group[];
  readonly from?: string;
  readonly to?: string;
  readonly project?: string;
}

export function usageCommands(program: Command, commands: Commands): void {
  program
    .command('usage')
    .description('tokens and their cost; this month unless told')
    .option('--by <groups>', `comma-separated: ${GROUPS.join(', ')}`, groups, [])
    .option('--from <time>', 'first instant, such as 2026-11-01', instant)
    .option('--to <time>', 'first instant after', instant)
    .option('--project <id>', 'only of this project')
    .action(commands.run(usage));
  program.command('balance').description('what is owed').action(commands.run(balance));
  program
    .command('invoice')
    .description('what a month costs if it ends now')
    .option('--month <month>', 'YYYY-MM (default: this month)')
    .action(commands.run(invoice));
}

function groups(text: string): Group[] {
  const words = text.split(',').map((word) => word.trim());
  const wrong = words.filter((word) => !GROUPS.includes(word as Group));
  if (wrong.length > 0) throw new InvalidArgumentError(`Use ${GROUPS.join(', ')}, not ${wrong.join(', ')}.`);
  return words as Group[];
}

function instant(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('Write it as 2026-11-01 or 2026-11-01T12:00:00Z.');
  return time.toISOString();
}

const GROUP_COLUMNS: Readonly<Record<Group, Column<UsageRow>>> = {
  day: { head: 'day', cell: ({ day }) => day },
  project: { head: 'project', cell: ({ project_id }) => project_id },
  key: { head: 'key', cell: ({ key_id }) => key_id },
  model: { head: 'model', cell: ({ endpoint_name }) => endpoint_name },
};

async function usage(session: Session, { by, from, to, project }: UsageOptions): Promise<void> {
  const api = await session.api();
  const asked = given({ group_by: by.join(',') || undefined, start_time: from, end_time: to, project_id: project });
  const rows = await everyItem((page_token) => api.GET('/v1/usage', { params: { query: { ...asked, page_token } } }));
  session.out.list(
    rows,
    [
      ...by.map((group) => GROUP_COLUMNS[group]),
      { head: 'requests', cell: ({ requests }) => count(requests), alignRight: true },
      { head: 'input', cell: ({ input_tokens }) => count(input_tokens), alignRight: true },
      { head: 'cached', cell: ({ cached_input_tokens }) => count(cached_input_tokens), alignRight: true },
      { head: 'output', cell: ({ output_tokens }) => count(output_tokens), alignRight: true },
      { head: 'amount', cell: ({ amount }) => money(amount), alignRight: true },
    ],
    'Nothing was used in that time.',
  );
}

async function balance(session: Session): Promise<void> {
  const owed = await body((await session.api()).GET('/v1/balance'));
  session.out.show(owed, () => [`${money(owed.balance)} owed`]);
}

async function invoice(session: Session, { month }: { readonly month?: string }): Promise<void> {
  const draft = await body((await session.api()).GET('/v1/invoices/draft', { params: { query: given({ month }) } }));
  const { out } = session;
  if (out.json) return out.show(draft, () => []);
  out.list(
    draft.lines,
    [
      { head: 'project', cell: ({ project_id }) => project_id },
      { head: 'model', cell: ({ endpoint_name }) => endpoint_name },
      { head: 'meter', cell: ({ meter }) => meter },
      { head: 'quantity', cell: ({ quantity }) => count(quantity), alignRight: true },
      { head: 'exact', cell: ({ exact_amount }) => money(exact_amount), alignRight: true },
      { head: 'amount', cell: ({ amount }) => money(amount), alignRight: true },
    ],
    'Nothing was used in that month.',
  );
  out.show(draft, () => [`Total ${money(draft.total)} (draft, ${draft.period_start?.slice(0, 7) ?? ''})`]);
}
