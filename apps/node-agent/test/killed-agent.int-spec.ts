import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { nodeV1 } from '@ostro/contracts';
import { usageV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { AgentProcess } from './agent-process.ts';
import { TestCell } from './cell.ts';

describe('an agent that is killed', () => {
  let cell: TestCell;
  let agent: AgentProcess;

  beforeEach(async () => {
    cell = await TestCell.open();
    agent = await started();
  });

  afterEach(async () => {
    // Ends the model servers too, as they outlive the agent otherwise.
    await agent.end('SIGKILL');
    agent = await started({ OSTRO_STOP_MODEL_SERVERS: '1' });
    await agent.end('SIGTERM');
    await cell.close();
  }, 120_000);

  async function started(overrides: Record<string, string> = {}): Promise<AgentProcess> {
    const seen = cell.scheduler.connections;
    const process = new AgentProcess(await cell.env({ OSTRO_STOP_MODEL_SERVERS: '0', ...overrides }));
    await eventually(
      () => {
        if (cell.scheduler.connections === seen) throw new Error(`the agent does not connect: ${process.output}`);
        return cell.scheduler.lastReport;
      },
      { withinMs: 60_000 },
    );
    return process;
  }

  const pidOf = async ({ replicaId }: nodeV1.DesiredReplica): Promise<number> => {
    const path = join(cell.agentDir, 'sockets', `${replicaId}.process.json`);
    return (JSON.parse(await readFile(path, 'utf8')) as { pid: number }).pid;
  };

  it('leaves its model servers running, and the next one takes them over with every attempt accounted for', async () => {
    const witnesses = await cell.witnesses();
    const replica = cell.aReplica({ contextTokens: 100_000 });
    await cell.ready(replica);
    const pid = await pidOf(replica);
    const before = await cell.gateway();
    const whole = await before.ask({ replicaId: replica.replicaId, body: chat(3) });
    const first = await witnesses.of(whole.requestId);
    const cut = await before.open({ replicaId: replica.replicaId, body: chat(90_000) });
    cut.response.on('error', () => undefined);
    await agent.end('SIGKILL');
    expect(() => process.kill(pid, 0)).not.toThrow();

    agent = await started();
    await eventually(
      () => expect(cell.scheduler.replica(replica.replicaId)).toMatchObject({ adopted: true, restartCount: 0 }),
      { withinMs: 30_000 },
    );
    await cell.phase(replica.replicaId, 'REPLICA_PHASE_READY');
    expect(await pidOf(replica)).toBe(pid);
    expect(cell.identity.enrolments).toBe(1);
    const lost = await witnesses.of(cut.requestId);
    expect(lost).toMatchObject({
      end: usageV1.AttemptEnd.ATTEMPT_END_ABORTED,
      agentIncarnation: first.agentIncarnation,
      sequence: first.sequence + 1n,
    });
    const after = await cell.gateway();
    expect((await after.ask({ replicaId: replica.replicaId, body: chat(3) })).usage).toMatchObject({ outputTokens: 3 });
    await witnesses.stop();
    before.close();
    after.close();
  }, 120_000);

  it('leaves nothing running that the scheduler no longer wants', async () => {
    const replica = cell.aReplica();
    await cell.ready(replica);
    const pid = await pidOf(replica);
    await agent.end('SIGKILL');
    cell.want();
    agent = await started();
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { withinMs: 30_000 });
  }, 120_000);
});

function chat(maxTokens: number): object {
  return { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true, max_tokens: maxTokens };
}
