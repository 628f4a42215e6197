import type { LookupAddress } from 'node:dns';
import { AddressGuard } from './address-guard.ts';
import { isPublicAddress } from './public-address.ts';

describe('an address', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.215.14',
    '2606:4700:4700::1111',
    '2a00:1450:4001:82a::200e',
    '::ffff:8.8.8.8',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...[
      '0.0.0.0',
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...[
      '192.0.0.1',
      '192.0.2.1',
      '192.168.1.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::',
      '::1',
      '::127.0.0.1',
      '::ffff:127.0.0.1',
      '::ffff:10.0.0.1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
    ],
    ...[
      '100::1',
      '2001::1',
      '2001:db8::1',
      '2002:7f00:1::',
      'fc00::1',
      'fd12:3456::1',
      'fe80::1',
      'fec0::1',
      'ff02::1',
      '4000::1',
    ],
    ...['', 'localhost', '1.2.3', '0x7f.1', '2130706433x'],
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('AddressGuard', () => {
  const names: Record<string, string[]> = {
    'good.example': ['93.184.215.14', '2606:4700:4700::1111'],
    'mixed.example': ['93.184.215.14', '10.0.0.1'],
    'inside.corp': ['10.0.0.1'],
  };
  const guard = new AddressGuard(['Inside.corp', '127.0.0.1'], (hostname) =>
    Promise.resolve((names[hostname] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))),
  );
  const lookup = (hostname: string, all = true) =>
    new Promise<string | LookupAddress[]>((resolve, reject) =>
      guard.lookup(hostname, { all }, (error, addresses) => (error ? reject(error) : resolve(addresses))),
    );

  it('hands out exactly the addresses it checked', async () => {
    expect(await lookup('good.example')).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ]);
    expect(await lookup('good.example', false)).toBe('93.184.215.14');
  });

  it('refuses a name with one bad address among good ones', async () => {
    await expect(lookup('mixed.example')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'ADDRESS_NOT_ALLOWED',
    });
  });

  it('makes exceptions for the hosts the operator named, by name and not by address', async () => {
    expect(await lookup('inside.corp')).toEqual([{ address: '10.0.0.1', family: 4 }]);
    expect(() => guard.assertAllowed(new URL('https://10.0.0.1/'))).toThrow(/OSTRO_IMPORT_ALLOWED_HOSTS/);
    expect(() => guard.assertAllowed(new URL('https://127.0.0.1:8443/'))).not.toThrow();
  });

  it.each(['https://[::1]/', 'https://2130706434/', 'https://0x7f.2/', 'https://[::ffff:10.0.0.1]/'])(
    'sees through the spelling %s',
    (url) => {
      expect(() => guard.assertAllowed(new URL(url))).toThrow(/not on the public Internet/);
    },
  );
});
