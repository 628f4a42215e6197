import { identityV1 } from '@ostro/contracts';
import { eventually } from '@ostro/testing';
import { RunningGateway, WITHIN } from './running-gateway.ts';
import { chatChunk, head } from './scripted-agent.ts';
import { ScriptedIdentity } from './scripted-identity.ts';

const { REVOCATION_REASON_COMPROMISED } = identityV1.RevocationReason;
const NO_KAFKA = { OSTRO_KAFKA_BROKERS: '127.0.0.1:1' };

describe('a revoked key', () => {
  let gateway: RunningGateway;
  let identity: ScriptedIdentity;

  beforeAll(async () => {
    gateway = await RunningGateway.open();
    identity = new ScriptedIdentity(gateway.cell);
    await identity.listen();
    await restart();
  });
  afterAll(async () => {
    await gateway.close();
    identity.stop();
  });

  const restart = async (env: Record<string, string> = {}) => {
    await gateway.stop();
    await gateway.start({ OSTRO_IDENTITY_ADDRESS: `127.0.0.1:${identity.port}`, ...env });
    await eventually(() => expect(identity.watchers).toBe(1), WITHIN);
  };

  const statusOf = async (secret: string) =>
    (await gateway.chat({}, { headers: { authorization: `Bearer ${secret}` } })).status;

  it('dies by the topic', async () => {
    const key = await gateway.addKey();
    expect(await statusOf(key.secret)).toBe(200);
    await gateway.cell.publishKeys(gateway.cell.revoked(key));
    await eventually(async () => expect(await statusOf(key.secret)).toBe(401), WITHIN);
  });

  it('dies by the second channel while Kafka is down, and stays dead when a start finds both channels cut', async () => {
    const key = await gateway.addKey();
    await restart(NO_KAFKA);
    expect(await statusOf(key.secret)).toBe(200);
    identity.revoke(gateway.cell.revoked(key));
    await eventually(async () => expect(await statusOf(key.secret)).toBe(401), WITHIN);

    await gateway.stop();
    await gateway.start({ ...NO_KAFKA, OSTRO_IDENTITY_ADDRESS: '127.0.0.1:1' });
    expect(await statusOf(key.secret)).toBe(401);
    expect(await statusOf(gateway.key.secret)).toBe(200);
    await restart();
  });

  it('is heard of although identity was away, from where the gateway stood', async () => {
    const [first, second] = [await gateway.addKey(), await gateway.addKey()];
    const revoked = gateway.cell.revoked(first);
    identity.revoke(revoked);
    await eventually(async () => expect(await statusOf(first.secret)).toBe(401), WITHIN);
    identity.stop();
    identity.revoke(gateway.cell.revoked(second));
    await identity.listen();
    await eventually(async () => expect(await statusOf(second.secret)).toBe(401), WITHIN);
    expect(identity.asked.at(-1)!.afterGeneration).toBeGreaterThanOrEqual(revoked.generation);
  });

  it('that leaked ends its streams, and only its own', async () => {
    const [leaked, other] = [await gateway.addKey(), await gateway.addKey()];
    gateway.agent.script = ({ body }, response) => {
      head(response, 'text/event-stream');
      response.write(chatChunk(body['model'], 'on and on'));
    };
    const ours = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });
    const cut = await gateway.chat({ stream: true }, ours(leaked.secret));
    const abort = new AbortController();
    await gateway.chat({ stream: true }, { ...ours(other.secret), signal: abort.signal });
    const calls = gateway.agent.calls.slice(-2);
    identity.revoke(gateway.cell.revoked(leaked, REVOCATION_REASON_COMPROMISED));
    const text = await cut.text();
    expect(text).toContain('on and on');
    expect(text).toMatch(
      /event: error\ndata: \{"error":\{"message":"This API key was revoked.*"code":"invalid_api_key"\}\}\n\n$/,
    );
    await calls[0]!.closed;
    expect(calls[1]!.request.socket.destroyed).toBe(false);
    abort.abort();
    await calls[1]!.closed;
  });
});
