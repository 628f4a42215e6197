import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { reservePort } from './reserve-port.ts';

describe('reservePort', () => {
  it('names the holder and the flag of a taken port', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    await expect(reservePort(port, '--api-port')).rejects.toMatchObject({
      reason: 'PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`process ${process.pid} .*--api-port`)) as string,
    });
    holder.close();
  });

  it('finds a free one for 0', async () => {
    expect(await reservePort(0, '--api-port')).toBeGreaterThan(0);
  });
});
