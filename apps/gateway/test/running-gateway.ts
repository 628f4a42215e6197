import { jest } from '@jest/globals';
import type { identityV1, schedulingV1 } from '@ostro/contracts';
import { openServiceContext, type OwnedServiceContext, type Running } from '@ostro/service-host';
import { eventually } from '@ostro/testing';
import OpenAI from 'openai';
import { gateway } from '../src/start-gateway.ts';
import { aRoute, ScriptedAgent } from './scripted-agent.ts';
import { TestCell, type TestKey } from './test-cell.ts';

// For a machine that is busy with something else; no test waits this long when it passes.
jest.setTimeout(90_000);

export const WITHIN = { withinMs: 30_000 };

/** A gateway on real Kafka with one key, one scripted agent and one endpoint. It can be stopped and started again. */
export class RunningGateway {
  readonly cell: TestCell;
  readonly agent: ScriptedAgent;
  readonly key: TestKey;
  readonly route: schedulingV1.RouteRecord;
  readonly logs: string[] = [];
  context!: OwnedServiceContext;
  #running: Running | undefined;

  private constructor(cell: TestCell, agent: ScriptedAgent) {
    this.cell = cell;
    this.agent = agent;
    this.key = cell.aKey();
    this.route = aRoute(cell, [agent.replica()]);
  }

  static async open(env: Record<string, string> = {}, around?: TestCell): Promise<RunningGateway> {
    const cell = around ?? (await TestCell.open());
    const opened = new RunningGateway(cell, await ScriptedAgent.open(cell));
    await cell.publishPrices();
    await cell.publishKeys(opened.key.record);
    await cell.publishRoutes(opened.route);
    await cell.publishBeats();
    await opened.start(env);
    return opened;
  }

  get url(): string {
    return `http://${this.#running!.addresses['http']}`;
  }

  get model(): string {
    return this.route.endpoint!.name;
  }

  /** The official client; it does not try again by itself. */
  openai(secret = this.key.secret): OpenAI {
    return new OpenAI({ apiKey: secret, baseURL: `${this.url}/v1`, maxRetries: 0 });
  }

  post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { authorization: `Bearer ${this.key.secret}`, 'content-type': 'application/json', ...init.headers },
    });
  }

  chat(body: Record<string, unknown> = {}, init: RequestInit = {}): Promise<Response> {
    const messages = [{ role: 'user', content: 'Hi' }];
    return this.post('/v1/chat/completions', { model: this.model, messages, ...body }, init);
  }

  /** Another key, once the gateway knows it. */
  async addKey(overrides: Partial<identityV1.ApiKeyRecord> = {}): Promise<TestKey> {
    const key = this.cell.aKey(overrides);
    await this.cell.publishKeys(key.record);
    await eventually(
      async () => expect(await (await this.get('/v1/models', key)).text()).not.toContain('not known'),
      WITHIN,
    );
    return key;
  }

  /** Another endpoint, or a change of one, once a key that can see it does. */
  async addRoute(record: schedulingV1.RouteRecord, key = this.key): Promise<string> {
    await this.cell.publishRoutes(record);
    const { name } = record.endpoint!;
    const digest = record.targets[0]!.modelDigest;
    await eventually(
      async () => expect(await (await this.get(`/v1/models/${name}`, key)).json()).toMatchObject({ digest }),
      WITHIN,
    );
    return name;
  }

  get(path: string, key = this.key): Promise<Response> {
    return fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${key.secret}` } });
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    const config = gateway.readConfig({ ...this.cell.env(), ...env });
    this.context = openServiceContext({
      service: 'gateway',
      version: '0.0.0',
      settings: config.process,
      onFatal: (error) => {
        throw error;
      },
      logTo: { write: (line) => void this.logs.push(line) },
    });
    const running = await gateway.start(config, this.context);
    this.#running = running;
    await eventually(() => running.ready?.(), WITHIN);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    await this.context.close();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.agent.close();
    await this.cell.close();
  }
}
