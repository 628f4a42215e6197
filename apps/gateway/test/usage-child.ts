import { usageV1 } from '@ostro/contracts';
import { systemClock } from '@ostro/kernel';
import { openUsage } from '../src/usage/open-usage.ts';

/**
 * A process that does what a gateway does with usage and then waits to be killed: `usage-child.ts <dir> <incarnation>
 * [begin <id> | end <id> | publish]...`.
 */
const [dir, incarnation, ...commands] = process.argv.slice(2);
const { spool, backlog } = await openUsage({
  dir: dir!,
  incarnation: incarnation!,
  maxBytes: 2 ** 30,
  clock: systemClock,
  settledOf: () => 0n,
  onError: (error) => {
    throw error;
  },
});
for (const command of commands) {
  const [verb, requestId] = command.split(' ');
  const begun = usageV1.UsageBegun.fromPartial({ requestId: requestId ?? '', organizationId: 'org_1' });
  if (verb === 'begin') spool.begin(begun);
  if (verb === 'end') spool.end(usageV1.UsageRecorded.fromPartial({ begun, outcome: 1 }));
  if (verb === 'publish') await backlog.take(500);
}
process.stdout.write('done\n');
setInterval(() => undefined, 1_000);
