import { readGatewayConfig } from './gateway.config.ts';

const LEAST = {
  OSTRO_TLS_DIR: 'certs/gateway',
  OSTRO_DATA_DIR: 'data',
  OSTRO_IDENTITY_ADDRESS: '127.0.0.1:7000',
  OSTRO_SCHEDULER_ADDRESS: '127.0.0.1:7000',
  OSTRO_KAFKA_BROKERS: '127.0.0.1:9092',
};

describe('where the gateway may listen', () => {
  it('is loopback unless told otherwise', () => {
    expect(readGatewayConfig(LEAST).httpBind).toEqual({ host: '127.0.0.1', port: 8080 });
  });

  it.each(['127.0.0.1:0', '127.9.9.9:80', 'localhost:80', '[::1]:80'])('%s needs nothing', (OSTRO_HTTP_BIND) => {
    expect(() => readGatewayConfig({ ...LEAST, OSTRO_HTTP_BIND })).not.toThrow();
  });

  it.each(['0.0.0.0:80', '[::]:80', '10.0.0.1:80', 'localhost.example:80'])(
    '%s needs TLS, or to be meant',
    (OSTRO_HTTP_BIND) => {
      const env = { ...LEAST, OSTRO_HTTP_BIND };
      const insecure: unknown = expect.objectContaining({ reason: 'INSECURE_LISTEN' });
      expect(() => readGatewayConfig(env)).toThrow(insecure as Error);
      expect(() => readGatewayConfig({ ...env, OSTRO_HTTP_TLS_CERT_FILE: 'cert.pem' })).toThrow(insecure as Error);
      const tls = { OSTRO_HTTP_TLS_CERT_FILE: 'cert.pem', OSTRO_HTTP_TLS_KEY_FILE: 'key.pem' };
      expect(() => readGatewayConfig({ ...env, ...tls })).not.toThrow();
      expect(() => readGatewayConfig({ ...env, OSTRO_INSECURE_LISTEN: 'true' })).not.toThrow();
    },
  );
});
