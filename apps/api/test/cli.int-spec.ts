import { jest } from '@jest/globals';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { billingV1, identityV1, registryV1, schedulingV1 } from '@ostro/contracts';
import { DomainError } from '@ostro/kernel';
import { from } from 'rxjs';
import { aDeployment, anImport } from './builders.ts';
import { runCli } from './running-cli.ts';
import { ScriptedCell } from './scripted-cell.ts';

const { IMPORT_STATE_AWAITING_UPLOAD, IMPORT_STATE_FAILED, IMPORT_STATE_PUBLISHED } = registryV1.ImportState;
const imports = registryV1.ImportServiceService;
const deployments = schedulingV1.DeploymentServiceService;
const nodes = schedulingV1.NodeServiceService;
const PERMISSIONS = [
  'identity.keys.create',
  'registry.models.read',
  'registry.models.import',
  'scheduling.deployments.create',
  'scheduling.deployments.read',
  'scheduling.deployments.update',
  'scheduling.logs.read',
  'billing.usage.read',
];
const BYTES = 3 * 2 ** 20;

// Each run is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

describe('the command ostro against the management API', () => {
  let cell: ScriptedCell;
  let home: string;
  beforeAll(async () => {
    cell = await ScriptedCell.open();
    home = await mkdtemp(join(tmpdir(), 'ostro-home-'));
    await cell.grant(PERMISSIONS);
    await writeFile(join(home, 'tiny.gguf'), Buffer.alloc(BYTES, 7));
  });
  afterAll(async () => {
    await cell.close();
    await rm(home, { recursive: true });
  });

  const ostro = (args: readonly string[], stdin?: string) =>
    runCli(args, {
      cwd: home,
      env: { OSTRO_API_URL: cell.url, OSTRO_API_KEY: cell.key.secret },
      ...(stdin !== undefined && { stdin }),
    });

  it('logs in with a key from a pipe, keeps it private, and is logged in from then on', async () => {
    const outside = { cwd: home, env: {} };
    const login = await runCli(['login', '--api-url', cell.url, '--name', 'work'], {
      ...outside,
      stdin: `${cell.key.secret}\n`,
    });
    expect(login).toMatchObject({ code: 0, stderr: '' });
    expect(login.stdout).toContain(cell.key.organizationId);
    expect((await stat(join(home, '.config/ostro/config.json'))).mode & 0o777).toBe(0o600);
    const who = await runCli(['whoami', '--json'], outside);
    expect(JSON.parse(who.stdout)).toMatchObject({ key_id: cell.key.keyId });
    expect((await runCli(['use'], outside)).stdout).toContain('work');
  });

  it('refuses to keep a key that does not work', async () => {
    const login = await runCli(['login', '--api-url', cell.url, '--name', 'bad'], {
      cwd: home,
      env: {},
      stdin: 'ostro_no',
    });
    expect(login.code).toBe(3);
    expect((await runCli(['use'], { cwd: home, env: {} })).stdout).not.toContain('bad');
  });

  it('tells apart by its exit code what went wrong, with words and without a stack trace', async () => {
    cell.scheduler.answer(deployments.getDeployment, () => {
      throw new DomainError(
        'NOT_FOUND',
        'DEPLOYMENT_NOT_FOUND',
        'there is no deployment x; see "ostro deployments list"',
      );
    });
    const missing = await ostro(['deployments', 'show', 'x']);
    expect(missing).toEqual({
      code: 4,
      stdout: '',
      stderr: 'ostro: there is no deployment x; see "ostro deployments list"\n',
    });
    const asJson = await ostro(['deployments', 'show', 'x', '--json']);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ error: { reason: 'DEPLOYMENT_NOT_FOUND' } });
    expect((await ostro(['deployments', 'create', 'x'])).code).toBe(2);
    expect((await ostro(['usage', '--by', 'colour'])).stderr).toContain('day, project, key, model');
    const nobody = await runCli(['status'], {
      cwd: home,
      env: { OSTRO_API_URL: 'http://127.0.0.1:1', OSTRO_API_KEY: 'k' },
    });
    expect(nobody.code).toBe(6);
    expect(nobody.stderr).toContain('ostro up');
  });

  it('shows a secret alone on stdout, and what to know about it beside', async () => {
    cell.identity.answer(identityV1.ApiKeyServiceService.createApiKey, ({ name, scopes, ttlSeconds }) => ({
      apiKey: identityV1.ApiKey.fromPartial({ keyId: 'key_1', name, scopes: [...scopes, `${ttlSeconds}`] }),
      secret: 'ostro_new',
    }));
    const made = await ostro(['keys', 'create', 'bot', '--scope', 'inference', '--expires', '12h']);
    expect(made.stdout).toBe('ostro_new\n');
    expect(made.stderr).toContain('key_1 (inference 43200)');
  });

  it('follows a deployment until it is ready', async () => {
    const phases = ['PROGRESSING', 'PROGRESSING', 'READY'] as const;
    let asked = 0;
    const now = () =>
      schedulingV1.Deployment.fromPartial({
        ...aDeployment(),
        observedGeneration: 3n,
        phase: schedulingV1.DeploymentPhase[`DEPLOYMENT_PHASE_${phases[Math.min(asked++, 2)]!}`],
      });
    cell.scheduler.answer(deployments.createDeployment, () => ({ deployment: now() }));
    cell.scheduler.answer(deployments.getDeployment, () => ({ deployment: now() }));
    const made = await ostro(['deployments', 'create', 'chat', '--model', 'tiny', '--wait']);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stderr).toContain('progressing');
    expect(made.stdout).toContain('chat is ready');
    expect(cell.scheduler.asked(deployments.createDeployment).at(-1)?.spec).toMatchObject({
      model: 'tiny',
      replicas: 1,
    });
  });

  it('lets demand decide between bounds, or takes the decision from it', async () => {
    cell.scheduler.answer(deployments.createDeployment, () => ({ deployment: aDeployment() }));
    cell.scheduler.answer(deployments.getDeployment, () => ({ deployment: aDeployment() }));
    cell.scheduler.answer(deployments.updateDeployment, ({ spec }) => ({
      deployment: schedulingV1.Deployment.fromPartial({ ...aDeployment(), autoscaling: spec!.autoscaling }),
    }));
    const asked = () => cell.scheduler.asked(deployments.updateDeployment).at(-1)!;
    await ostro(['deployments', 'create', 'chat', '--model', 'tiny', '--max', '3']);
    expect(cell.scheduler.asked(deployments.createDeployment).at(-1)?.spec).toMatchObject({
      replicas: 0,
      autoscaling: { minReplicas: 1, maxReplicas: 3 },
    });
    const scaled = await ostro(['deployments', 'scale', 'chat', '--min', '0', '--max', '4']);
    expect(scaled.stdout).toContain('demand decides between 0 and 4');
    expect(asked().spec!.autoscaling).toMatchObject({ minReplicas: 0, maxReplicas: 4 });
    await ostro(['deployments', 'scale', 'chat', '2']);
    expect(asked().updateMask!.toSorted()).toEqual(['autoscaling', 'replicas']);
    expect(asked().spec).toMatchObject({ replicas: 2, autoscaling: undefined });
    for (const mistyped of [[], ['2', '--max', '4']]) {
      const refused = await ostro(['deployments', 'scale', 'chat', ...mistyped]);
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.stderr).toContain('--min and --max');
    }
  });

  it('says why there are as many replicas as there are', async () => {
    cell.scheduler.answer(deployments.getDeployment, () => ({
      deployment: schedulingV1.Deployment.fromPartial({
        ...aDeployment(),
        autoscaling: { minReplicas: 1, maxReplicas: 3 },
        scalingDecisionId: 'dec_2',
      }),
    }));
    cell.scheduler.answer(deployments.listReplicas, () => ({ replicas: [], nextPageToken: '' }));
    cell.scheduler.answer(nodes.getDecision, ({ decisionId }) => ({
      decision: schedulingV1.Decision.fromPartial({
        decisionId,
        deploymentId: 'dep_1',
        explanation: 'From 1 to 2 replicas.',
      }),
    }));
    const { stdout } = await ostro(['deployments', 'show', 'chat']);
    expect(stdout).toContain('1 to 3 replicas');
    expect(stdout).toMatch(/Why so many replicas\n {2}From 1 to 2 replicas\./);
  });

  it('says why a replica waits, with the reasons of the decision', async () => {
    cell.scheduler.answer(deployments.getDeployment, () => ({
      deployment: schedulingV1.Deployment.fromPartial({
        ...aDeployment(),
        conditions: [{ type: 'Placed', status: false, reason: 'UNSCHEDULABLE', message: 'nothing fits' }],
      }),
    }));
    cell.scheduler.answer(deployments.listReplicas, () => ({
      replicas: [
        schedulingV1.Replica.fromPartial({
          replicaId: 'rep_1',
          phase: schedulingV1.ReplicaPhase.REPLICA_PHASE_PENDING,
          decisionId: 'dec_1',
        }),
      ],
      nextPageToken: '',
    }));
    cell.scheduler.answer(nodes.getDecision, ({ decisionId }) => ({
      decision: schedulingV1.Decision.fromPartial({
        decisionId,
        explanation: 'no node of 3 fits.\naccelerator-fits refused 3, such as n1: needs 40 GiB, has 24 GiB',
      }),
    }));
    const { stdout } = await ostro(['deployments', 'show', 'chat']);
    expect(stdout).toContain('Placed: no');
    expect(stdout).toContain('no node of 3 fits');
    expect(stdout).toContain('needs 40 GiB, has 24 GiB');
  });

  it('uploads a file, goes on where an earlier attempt stopped, and waits for its revision', async () => {
    const begun = new Date(Date.now() + 60_000);
    const awaiting = (received: bigint) => ({
      ...registryV1.Import.fromPartial({
        ...anImport(IMPORT_STATE_AWAITING_UPLOAD, received),
        source: {
          $case: 'upload',
          upload: { files: [{ path: 'tiny.gguf', sizeBytes: BigInt(BYTES), receivedBytes: received }] },
        },
        modelName: 'tiny',
      }),
      createTime: begun,
    });
    cell.blobs.held = 2 ** 20;
    // The registry tells a little less than it has: a wrong offset is answered with the right one.
    cell.registry.answer(imports.listImports, () => ({ imports: [awaiting(1_000n)], nextPageToken: '' }));
    cell.registry.answer(imports.getImport, () => ({ import: awaiting(1_000n) }));
    cell.registry.answer(imports.completeUpload, () => ({ import: awaiting(BigInt(BYTES)) }));
    cell.registry.answer(imports.watchImport, () =>
      from([{ import: { ...anImport(IMPORT_STATE_PUBLISHED), modelName: 'tiny', digest: 'sha256:abc' } }]),
    );
    const imported = await ostro(['models', 'import', 'tiny.gguf']);
    expect(imported).toMatchObject({ code: 0, stdout: 'tiny is imported: sha256:abc\n' });
    expect(imported.stderr).toContain('going on with imp_1');
    expect(cell.blobs.held).toBe(BYTES);
    expect(cell.registry.asked(imports.createImport)).toEqual([]);
  });

  it('names the rule that refused a model', async () => {
    const failed = {
      ...anImport(IMPORT_STATE_FAILED),
      errorReason: 'GGUF_TRUNCATED',
      errorMessage: 'the file ends inside tensor 3',
    };
    cell.registry.answer(imports.createImport, () => ({ import: failed }));
    cell.registry.answer(imports.getImport, () => ({ import: failed }));
    cell.registry.answer(imports.watchImport, () => from([{ import: failed }]));
    const imported = await ostro(['models', 'import', 'packaged:tiny', '--json']);
    expect(imported.code).toBe(1);
    expect(JSON.parse(imported.stdout)).toMatchObject({ error: { reason: 'GGUF_TRUNCATED' } });
    expect(imported.stderr).toContain('the file ends inside tensor 3');
  });

  it('reads every page of usage and keeps amounts exact', async () => {
    cell.billing.answer(billingV1.BillingServiceService.queryUsage, ({ pageToken, groupBy }) => ({
      rows: [
        billingV1.UsageRow.fromPartial({
          day: pageToken === '' ? '2026-11-01' : '2026-11-02',
          requests: BigInt(groupBy.length),
          outputTokens: 12_345n,
          amount: { amount: '0.0000499500', currency: 'EUR' },
        }),
      ],
      nextPageToken: pageToken === '' ? 'next' : '',
    }));
    const shown = await ostro(['usage', '--by', 'day,model']);
    expect(shown.stdout.split('\n')).toEqual([
      'DAY         MODEL  REQUESTS  INPUT  CACHED  OUTPUT            AMOUNT',
      '2026-11-01  -             2      0       0  12,345  0.0000499500 EUR',
      '2026-11-02  -             2      0       0  12,345  0.0000499500 EUR',
      '',
    ]);
    expect(JSON.parse((await ostro(['usage', '--by', 'day', '--json'])).stdout)).toHaveLength(2);
  });

  it('prints log lines as they come', async () => {
    cell.scheduler.answer(deployments.getDeployment, () => ({ deployment: aDeployment() }));
    cell.scheduler.answer(deployments.followLogs, () =>
      from([
        { replicaId: 'rep_1', line: 'loading', readTime: undefined },
        { replicaId: 'rep_1', line: 'ready', readTime: undefined },
      ]),
    );
    expect((await ostro(['logs', 'chat'])).stdout).toBe('rep_1 loading\nrep_1 ready\n');
    const lines = (await ostro(['logs', 'chat', '--json'])).stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { line: string }).line)).toEqual(['loading', 'ready']);
  });
});
