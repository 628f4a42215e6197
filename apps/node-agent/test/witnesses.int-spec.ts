import { eventually } from '@ostro/testing';
import { TestCell } from './cell.ts';

const NOWHERE = '127.0.0.1:1';

describe('witnesses', () => {
  it('wait on disk while Kafka is away and arrive once it is back, none missing', async () => {
    const cell = await TestCell.open();
    const replica = cell.aReplica();
    const ask = async (): Promise<string[]> => {
      const gateway = await cell.gateway();
      const body = { model: 'm', prompt: 'hi', max_tokens: 2 };
      const asked = { replicaId: replica.replicaId, path: '/v1/completions', body };
      const requestIds: string[] = [];
      for (let nth = 0; nth < 3; nth++) requestIds.push((await gateway.ask(asked)).requestId);
      gateway.close();
      return requestIds;
    };
    await cell.startAgent({ OSTRO_KAFKA_BROKERS: NOWHERE });
    await eventually(() => cell.scheduler.lastReport);
    await cell.ready(replica);
    const early = await ask();
    await eventually(() => expect(cell.log.join()).toContain('Kafka does not take them'), { withinMs: 60_000 });
    await cell.stopAgent();

    const witnesses = await cell.witnesses();
    await cell.startAgent();
    await eventually(() => expect(cell.scheduler.connections).toBe(2));
    await cell.phase(replica.replicaId, 'REPLICA_PHASE_READY');
    const late = await eventually(ask, { withinMs: 20_000 });
    await eventually(
      () => {
        const bySequence = witnesses.all.map(({ requestId, sequence }) => [requestId, sequence]);
        expect(bySequence).toEqual(
          expect.arrayContaining([...early, ...late].map((id, at) => [id, BigInt((at % 3) + 1)])),
        );
      },
      { withinMs: 30_000 },
    );
    expect(new Set(witnesses.all.map(({ agentIncarnation }) => agentIncarnation)).size).toBe(2);
    await witnesses.stop();
    await cell.close();
  }, 120_000);
});
