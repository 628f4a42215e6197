import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jest } from '@jest/globals';
import { usageV1 } from '@ostro/contracts';
import { systemClock } from '@ostro/kernel';
import { Spool } from '@ostro/spool';
import { openUsage, type Usage } from './open-usage.ts';
import { replayEarlier } from './replay.ts';
import { UsageBacklog } from './usage-backlog.ts';
import { UsageSpool } from './usage-spool.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(30_000);

const { REQUEST_OUTCOME_COMPLETED, REQUEST_OUTCOME_GATEWAY_LOST } = usageV1.RequestOutcome;
const MIB = 1_024 * 1_024;

const begun = (requestId: string) =>
  usageV1.UsageBegun.fromPartial({ requestId, organizationId: 'org_1', beginTime: new Date(1_000) });

const finished = (requestId: string) =>
  usageV1.UsageRecorded.fromPartial({ begun: begun(requestId), outcome: REQUEST_OUTCOME_COMPLETED });

const handle = (spool: UsageSpool, ...requestIds: string[]) => {
  for (const id of requestIds) spool.begin(begun(id));
  for (const id of requestIds) spool.end(finished(id));
};

/** What is published, in short: `incarnation sequence request outcome`. */
async function published(backlog: UsageBacklog): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const entries = await backlog.take(3);
    if (entries.length === 0) return lines;
    lines.push(...entries.map(lineOf));
  }
}

function lineOf({ entry }: usageV1.UsageEntry): string {
  if (entry?.$case === 'replayed')
    return `${entry.replayed.gatewayIncarnation} replayed to ${entry.replayed.lastSequence}`;
  const { gatewayIncarnation, sequence, begun: of, outcome } = entry!.recorded;
  const word = { [REQUEST_OUTCOME_COMPLETED]: 'completed', [REQUEST_OUTCOME_GATEWAY_LOST]: 'lost' }[outcome as 1 | 5];
  return `${gatewayIncarnation} ${sequence} ${of!.requestId} ${word}`;
}

describe('the usage of a gateway', () => {
  let dir: string;
  const settled = new Map<string, bigint>();
  const opened: Usage[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ostro-usage-'));
    settled.clear();
  });
  afterEach(async () => {
    for (const usage of opened.splice(0)) await usage.close();
    rmSync(dir, { recursive: true });
  });

  const open = async (incarnation: string) => {
    const usage = await openUsage({
      dir,
      incarnation,
      maxBytes: 32 * MIB,
      clock: systemClock,
      settledOf: (of) => settled.get(of) ?? 0n,
      onError: (error) => {
        throw error;
      },
    });
    opened.push(usage);
    return usage;
  };

  const close = (usage: Usage) => opened.splice(opened.indexOf(usage), 1)[0]!.close();

  /** A gateway that is killed with -9 after these commands. */
  const killedAfter = async (incarnation: string, ...commands: string[]) => {
    const script = join(import.meta.dirname, '../../test/usage-child.ts');
    const flags = ['--conditions=@ostro/source', '--experimental-transform-types', '--no-warnings'];
    const child = spawn(process.execPath, [...flags, script, dir, incarnation, ...commands], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect(line).toBe('done');
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  it('numbers finished requests densely, in the order of their ends', async () => {
    const { spool, backlog } = await open('inc_1');
    for (const id of ['a', 'b', 'c']) spool.begin(begun(id));
    for (const id of ['b', 'c', 'a']) spool.end(finished(id));
    expect(await published(backlog)).toEqual(['inc_1 1 b completed', 'inc_1 2 c completed', 'inc_1 3 a completed']);
  });

  it('of a killed gateway is told by the next one: what ended as it ended, the rest as lost', async () => {
    await killedAfter('inc_1', 'begin a', 'begin b', 'end b', 'begin c');
    const told = ['inc_1 1 b completed', 'inc_1 2 a lost', 'inc_1 3 c lost', 'inc_1 replayed to 3'];
    const { spool, backlog } = await open('inc_2');
    handle(spool, 'd');
    expect(await published(backlog)).toEqual([...told, 'inc_2 1 d completed']);
  });

  it('is told again with the same numbers until it is settled, however often the gateway is killed', async () => {
    await killedAfter('inc_1', 'begin a', 'end a', 'begin b');
    await killedAfter('inc_2', 'publish', 'begin c');
    const told = [
      'inc_1 1 a completed',
      'inc_1 2 b lost',
      'inc_1 replayed to 2',
      'inc_2 1 c lost',
      'inc_2 replayed to 1',
    ];
    expect(await published((await open('inc_3')).backlog)).toEqual(told);
  });

  it('that is settled is not told again, and goes when all of its incarnation is', async () => {
    await killedAfter('inc_1', 'begin a', 'end a', 'begin b');
    settled.set('inc_1', 1n);
    const usage = await open('inc_2');
    expect(await published(usage.backlog)).toEqual(['inc_1 2 b lost', 'inc_1 replayed to 2']);
    const before = usage.spool.bytes;
    await usage.settle('inc_1', 1n);
    expect(usage.spool.bytes).toBe(before);
    await usage.settle('inc_1', 2n);
    expect(usage.spool.bytes).toBe(0);
  });

  it('that is settled while a request runs keeps what that request needs', async () => {
    const first = await open('inc_1');
    first.spool.begin(begun('long'));
    handle(first.spool, 'a', 'b');
    await first.settle('inc_1', 2n);
    await close(first);
    const told = await published((await open('inc_2')).backlog);
    expect(told).toContain('inc_1 3 long lost');
  });

  it('goes on numbering where every end of an incarnation is gone', async () => {
    const small = await smallSpool(dir, 'inc_1');
    handle(small.spool, 'a', 'b');
    small.spool.begin(begun('c'));
    await small.spool.settle(2n);
    await small.log.close();
    settled.set('inc_1', 2n);
    expect(await published((await open('inc_2')).backlog)).toEqual(['inc_1 3 c lost', 'inc_1 replayed to 3']);
  });

  it('waits on disk when more waits than memory may hold', async () => {
    const { spool, backlog, log } = await smallSpool(dir, 'inc_1', 4);
    const ids = Array.from({ length: 20 }, (_, at) => `r${at}`);
    handle(spool, ...ids.slice(0, 10));
    const first = (await backlog.take(3)).map(lineOf);
    handle(spool, ...ids.slice(10));
    const rest = await published(backlog);
    handle(spool, 'after');
    const lines = [...first, ...rest, ...(await published(backlog))];
    expect(lines).toEqual([...ids, 'after'].map((id, at) => `inc_1 ${at + 1} ${id} completed`));
    await log.close();
  });

  it('of running requests is written when a full disk has room again, and no new one is taken before', async () => {
    const { spool, backlog, log } = await smallSpool(dir, 'inc_1');
    const old = Array.from({ length: 25 }, (_, at) => `old${at}`);
    for (const id of old) handle(spool, id);
    const running: string[] = [];
    for (let at = 0; spool.healthy(); at++) {
      running.push(`r${at}`);
      spool.begin(begun(`r${at}`));
    }
    for (const id of running) spool.end(finished(id));
    expect(spool.lastSequence).toBeLessThan(BigInt(old.length + running.length));
    expect(spool.healthy()).toBe(false);

    await spool.settle(BigInt(old.length));
    expect(spool.healthy()).toBe(true);
    expect(await published(backlog)).toEqual([...old, ...running].map((id, at) => `inc_1 ${at + 1} ${id} completed`));
    await log.close();
  });
});

/** A spool of few small segments, so that trimming and fullness show. */
async function smallSpool(dir: string, incarnation: string, mostInMemory?: number) {
  const log = await Spool.open({
    dir,
    incarnation,
    formatNumber: 1,
    clock: systemClock,
    segmentBytes: 200,
    headroomBytes: 400,
    maxBytes: 8_000,
    onError: (error) => {
      throw error;
    },
  });
  const earlier = replayEarlier({ spool: log, incarnation, settledOf: () => 0n, onReplayed: () => undefined });
  const backlog = new UsageBacklog(log, incarnation, earlier, mostInMemory);
  return { log, backlog, spool: new UsageSpool(log, backlog, incarnation) };
}
