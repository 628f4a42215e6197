import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeV1, schedulingV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { TestCell } from './cell.ts';
import { ModelServerClient } from './model-server/model-server-client.ts';

const { RUNTIME_KIND_LLAMA_CPP } = schedulingV1.RuntimeKind;

const draining = (replica: nodeV1.DesiredReplica, drainDeadline: Date): nodeV1.DesiredReplica => ({
  ...replica,
  goal: nodeV1.ReplicaGoal.REPLICA_GOAL_DRAIN,
  drainDeadline,
});

describe('replicas of a node agent', () => {
  let cell: TestCell;

  beforeEach(async () => {
    cell = await TestCell.open();
    await cell.startAgent();
    await eventually(() => cell.scheduler.lastReport);
  });

  afterEach(() => cell?.close());

  const weights = async (): Promise<string[]> => (await readdir(join(cell.agentDir, 'weights'))).sort();

  it('are pulled chunk by chunk, verified, loaded and reported', async () => {
    const replica = cell.aReplica({ runtime: RUNTIME_KIND_LLAMA_CPP });
    await cell.ready(replica);
    const total = replica.manifest!.files[0]!.sizeBytes;
    const seen = cell.scheduler.replica(replica.replicaId)!;
    expect(seen).toMatchObject({ pulledBytes: total, totalBytes: total, restartCount: 0, fencingToken: 1n });
    expect(seen.loadMs).toBeGreaterThan(0);
    expect(seen.pullMs).toBeGreaterThan(0);
    await eventually(() => expect(cell.scheduler.replica(replica.replicaId)!.memoryBytes).toBeGreaterThan(0n));
    expect(cell.scheduler.lastReport).toMatchObject({
      heldEpoch: 1n,
      heldGeneration: 1n,
      nodeName: 'test-node',
      inventory: { cachedModelDigests: [replica.modelDigest] },
    });
    expect(cell.blobs.requests.length).toBe(replica.manifest!.files[0]!.chunkSha256.length);
    // A second replica of the same revision fetches nothing.
    const twin = cell.aReplica({ runtime: RUNTIME_KIND_LLAMA_CPP });
    await cell.ready(replica, twin);
    expect(cell.blobs.requests.length).toBe(replica.manifest!.files[0]!.chunkSha256.length);
  });

  it('never use a chunk that is not the manifest’s, and go on with it once it is', async () => {
    cell.blobs.spoil = (start, bytes) => (start === 65_536 ? Buffer.alloc(bytes.length) : bytes);
    const replica = cell.aReplica({ runtime: RUNTIME_KIND_LLAMA_CPP });
    cell.want(replica);
    await eventually(() => {
      expect(cell.scheduler.replica(replica.replicaId)).toMatchObject({
        reason: 'weights_mismatch',
        message: expect.stringContaining('tiny.gguf at byte 65536'),
      });
    });
    expect((await weights()).every((name) => name.endsWith('.partial'))).toBe(true);
    cell.blobs.spoil = undefined;
    const before = cell.blobs.requests.length;
    await cell.phase(replica.replicaId, 'REPLICA_PHASE_READY');
    // Chunks that arrived whole before were kept.
    expect(cell.blobs.requests.length - before).toBeLessThan(replica.manifest!.files[0]!.chunkSha256.length);
  });

  it('are pulled again when the cache is damaged', async () => {
    const replica = cell.aReplica({ runtime: RUNTIME_KIND_LLAMA_CPP });
    await cell.ready(replica);
    cell.want();
    await eventually(() => expect(cell.scheduler.lastReport.replicas).toEqual([]));
    const file = join(cell.agentDir, 'weights', replica.modelDigest.slice('sha256:'.length), 'tiny.gguf');
    const bytes = await readFile(file);
    bytes.fill(0, 0, 64);
    await writeFile(file, bytes);
    const requests = cell.blobs.requests.length;
    await cell.ready({ ...replica, replicaId: cell.ids('rep') });
    expect(cell.blobs.requests.length).toBeGreaterThan(requests);
    await truncate(file, 100);
    await cell.ready({ ...replica, replicaId: cell.ids('rep') });
  });

  it('are given up at once when the model itself is broken', async () => {
    const file = cell.blobs.add('broken.gguf', Buffer.from('GGUF but not really'));
    const replica = cell.aReplica({
      runtime: RUNTIME_KIND_LLAMA_CPP,
      manifest: { files: [file], chatTemplateSha256: Buffer.alloc(0) },
    });
    cell.want(replica);
    const failed = await cell.phase(replica.replicaId, 'REPLICA_PHASE_FAILED');
    expect(failed).toMatchObject({ reason: 'model_broken', restartCount: 1 });
    expect(failed.lastLogLines.at(-1)).toContain('broken.gguf');
  });

  it('come back after their model server was killed', async () => {
    const replica = cell.aReplica();
    await cell.ready(replica);
    const pid = await pidOf(cell, replica.replicaId);
    process.kill(pid, 'SIGKILL');
    await eventually(() => expect(cell.scheduler.replica(replica.replicaId)).toMatchObject({ restartCount: 1 }));
    await cell.phase(replica.replicaId, 'REPLICA_PHASE_READY');
    expect(await pidOf(cell, replica.replicaId)).not.toBe(pid);
  });

  it('drain: nothing new, what runs ends, then the process is gone', async () => {
    const replica = cell.aReplica();
    await cell.ready(replica);
    const pid = await pidOf(cell, replica.replicaId);
    const gateway = await cell.gateway();
    const asked = { replicaId: replica.replicaId, body: { model: 'm', prompt: 'hi', stream: true, max_tokens: 100 } };
    const path = '/v1/completions';
    const running = gateway.ask({ ...asked, path });
    const engine = new ModelServerClient(`${cell.agentDir}/sockets/${replica.replicaId}.sock`);
    await eventually(async () => expect(await engine.metric('requests_running')).toBe(1));
    await engine.close();
    cell.want(draining(replica, new Date(Date.now() + 60_000)));
    await cell.phase(replica.replicaId, 'REPLICA_PHASE_DRAINING');
    expect((await gateway.ask({ ...asked, path })).headers['x-ostro-refusal']).toBe('draining');
    expect((await running).usage).toMatchObject({ outputTokens: 100 });
    await cell.phase(replica.replicaId, 'REPLICA_PHASE_STOPPED');
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    gateway.close();
  });

  it('are cut at the drain deadline, and the stream says why', async () => {
    const replica = cell.aReplica({ contextTokens: 100_000 });
    await cell.ready(replica);
    const gateway = await cell.gateway();
    const body = { model: 'm', prompt: 'hi', stream: true, max_tokens: 90_000 };
    const running = gateway.ask({ replicaId: replica.replicaId, path: '/v1/completions', body });
    await eventually(() => expect(cell.scheduler.replica(replica.replicaId)?.runningRequests).toBe(1));
    expect(cell.scheduler.replica(replica.replicaId)?.begunRequests).toBe(1n);
    cell.want(draining(replica, new Date()));
    const { body: answer, usage } = await running;
    expect(answer).toContain('replica_drained');
    expect(usage).toBeUndefined();
    await cell.phase(replica.replicaId, 'REPLICA_PHASE_STOPPED');
    gateway.close();
  });

  it('obey only what is newer, over restarts and reconnections too', async () => {
    const [first, second] = [cell.aReplica(), cell.aReplica()];
    await cell.ready(first);
    cell.want(first, second);
    await cell.phase(second.replicaId, 'REPLICA_PHASE_READY');
    cell.scheduler.say(cell.state(1n, [first]));
    const heard = cell.scheduler.reports.length;
    await eventually(() => expect(cell.scheduler.reports.length).toBeGreaterThan(heard + 1));
    expect(cell.scheduler.lastReport).toMatchObject({ heldGeneration: 2n });
    expect(cell.scheduler.lastReport.replicas).toHaveLength(2);
    const { connections } = cell.scheduler;
    cell.scheduler.cut();
    await eventually(() => expect(cell.scheduler.connections).toBeGreaterThan(connections));
    await cell.stopAgent();
    await cell.startAgent();
    await eventually(() => expect(cell.scheduler.lastReport.heldGeneration).toBe(2n));
    await cell.phase(second.replicaId, 'REPLICA_PHASE_READY');
    // The same node: the used token was not needed again.
    expect(cell.identity.enrolments).toBe(1);
  });

  it('show their log to whoever subscribed', async () => {
    const replica = cell.aReplica();
    await cell.ready(replica);
    const subscription = { subscriptionId: 's1', replicaId: replica.replicaId };
    cell.scheduler.say(cell.state(1n, [replica]), [subscription]);
    await eventually(() => expect(cell.scheduler.logLines.join('\n')).toContain('"ready"'));
    const next = cell.state(2n, [draining(replica, new Date())]);
    cell.scheduler.say(next, [subscription]);
    await eventually(() => expect(cell.scheduler.logLines.join('\n')).toContain('"stopped"'));
  });
});

async function pidOf(cell: TestCell, replicaId: string): Promise<number> {
  const record = await readFile(join(cell.agentDir, 'sockets', `${replicaId}.process.json`), 'utf8');
  return (JSON.parse(record) as { pid: number }).pid;
}
