import { once } from 'node:events';
import { request } from 'node:http';
import { registryV1, schedulingV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import { eventually } from '@ostro/testing';
import { concat, Observable, of, throwError } from 'rxjs';
import { aDeployment, anImport } from './builders.ts';
import { ScriptedCell } from './scripted-cell.ts';

const { IMPORT_STATE_TRANSFERRING, IMPORT_STATE_PUBLISHED } = registryV1.ImportState;
const { getImport, watchImport } = registryV1.ImportServiceService;
const { followLogs, getDeployment } = schedulingV1.DeploymentServiceService;
const MIB = 2 ** 20;

describe('streams of the management API', () => {
  let cell: ScriptedCell;
  beforeAll(async () => {
    cell = await ScriptedCell.open();
    await cell.grant([
      'registry.models.read',
      'registry.models.import',
      'scheduling.deployments.read',
      'scheduling.logs.read',
    ]);
    cell.scheduler.answer(getDeployment, () => ({ deployment: aDeployment() }));
    cell.registry.answer(getImport, () => ({ import: anImport(IMPORT_STATE_TRANSFERRING) }));
  });
  afterAll(() => cell.close());

  const upload = (offset: string, body: Uint8Array | string, path = 'a%2Fmodel.gguf') =>
    fetch(`${cell.url}/v1/imports/imp_1/files/${path}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${cell.key.secret}`,
        'upload-offset': offset,
        'content-type': 'application/octet-stream',
      },
      body,
      duplex: 'half',
    } as RequestInit);

  describe('events', () => {
    it('tell an import at each change and end with it', async () => {
      cell.registry.answer(watchImport, () =>
        of({ import: anImport(IMPORT_STATE_TRANSFERRING, 4n) }, { import: anImport(IMPORT_STATE_PUBLISHED, 9n) }),
      );
      const answer = await cell.request('GET', '/v1/imports/imp_1/events');
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
      const events = eventsIn(await answer.text());
      expect(events.map(({ type }) => type)).toEqual(['import', 'import']);
      expect(events.map(({ data }) => data)).toMatchObject([
        { state: 'transferring', received_bytes: 4, source: { upload: { files: [{ path: 'a/model.gguf' }] } } },
        { state: 'published', received_bytes: 9 },
      ]);
    });

    it('refuse with a status what is not there before anything was streamed', async () => {
      cell.registry.answer(getImport, () => {
        throw new DomainError('NOT_FOUND', 'IMPORT_NOT_FOUND', 'there is no import imp_2');
      });
      const answer = await cell.request('GET', '/v1/imports/imp_2/events');
      expect(answer.status).toBe(404);
      cell.registry.answer(getImport, () => ({ import: anImport(IMPORT_STATE_TRANSFERRING) }));
    });

    it('tell a failure of the stream as a problem', async () => {
      const line = { replicaId: 'rep_1', line: 'loading', readTime: new Date(0) };
      const broken = new DomainError('UNAVAILABLE', 'NODE_GONE', 'the node is gone');
      cell.scheduler.answer(followLogs, () =>
        concat(
          of(line),
          throwError(() => broken),
        ),
      );
      const answer = await cell.request('GET', '/v1/deployments/chat/logs');
      expect(eventsIn(await answer.text())).toMatchObject([
        { type: 'line', data: { replica_id: 'rep_1', line: 'loading' } },
        { type: 'problem', data: { status: 503, reason: 'NODE_GONE' } },
      ]);
    });

    it('end the call behind them when their reader leaves', async () => {
      let isFollowed = false;
      cell.scheduler.answer(
        followLogs,
        () =>
          new Observable<schedulingV1.FollowLogsResponse>(() => {
            isFollowed = true;
            return () => (isFollowed = false);
          }),
      );
      const reader = new AbortController();
      const answer = await fetch(`${cell.url}/v1/deployments/chat/logs`, {
        headers: { authorization: `Bearer ${cell.key.secret}` },
        signal: reader.signal,
      });
      expect(answer.status).toBe(200);
      await eventually(() => expect(isFollowed).toBe(true));
      reader.abort();
      await eventually(() => expect(isFollowed).toBe(false));
    });
  });

  describe('uploads', () => {
    beforeEach(() => {
      cell.blobs.held = 0;
      cell.blobs.uploads.length = 0;
    });

    it('go to the registry as the api, with the token of the caller and the path as it is', async () => {
      const answer = await upload('0', Buffer.alloc(3 * MIB, 1));
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ path: 'a/model.gguf', received_bytes: 3 * MIB });
      const [received] = cell.blobs.uploads;
      expect(received).toMatchObject({ peer: 'api', bytes: 3 * MIB, path: '/imports/imp_1/files/a%2Fmodel.gguf' });
      expect(received?.headers).toMatchObject({ 'upload-offset': '0', 'content-length': `${3 * MIB}` });
      expect(received?.headers.authorization).toMatch(/^Bearer ey/);
    });

    it('tell where to go on after a gap', async () => {
      cell.blobs.held = 7;
      const answer = await upload('0', Buffer.alloc(8 * MIB));
      expect(answer.status).toBe(409);
      expect(await answer.json()).toMatchObject({
        reason: 'UPLOAD_OFFSET_MISMATCH',
        details: { received_bytes: '7' },
      });
    });

    it('need an offset and a key', async () => {
      expect(await (await upload('many', 'x')).json()).toMatchObject({ reason: 'UPLOAD_OFFSET_REQUIRED' });
      const headers = { 'content-type': 'application/octet-stream', 'upload-offset': '0' };
      const answer = await fetch(`${cell.url}/v1/imports/imp_1/files/x`, { method: 'PATCH', headers, body: 'x' });
      expect(answer.status).toBe(401);
    });

    it('are cut at the registry when the client is gone, and never kept in memory', async () => {
      const sending = request(`${cell.url}/v1/imports/imp_1/files/x`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${cell.key.secret}`,
          'upload-offset': '0',
          'content-type': 'application/octet-stream',
          'content-length': 1_000 * MIB,
        },
      });
      sending.on('error', () => undefined);
      if (!sending.write(Buffer.alloc(MIB))) await once(sending, 'drain');
      await eventually(() => expect(cell.blobs.arriving).toBeGreaterThan(0));
      sending.destroy();
      await eventually(() => expect(cell.blobs.cut).toBe(1));
      expect(cell.blobs.uploads).toEqual([]);
    });
  });
});

function eventsIn(stream: string): { type: string | undefined; data: unknown }[] {
  const events = stream.split('\n\n').map((event) => ({
    type: /^event: (.*)$/m.exec(event)?.[1],
    data: /^data: (.*)$/m.exec(event)?.[1],
  }));
  return events.flatMap(({ type, data }) => (data === undefined ? [] : [{ type, data: JSON.parse(data) as unknown }]));
}
