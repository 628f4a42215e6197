import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The only part of IPv6 that is given out for the Internet; what looks like unicast elsewhere is not. */
const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address is one of the public Internet. Private, loopback, link-local, shared, reserved, multicast and
 * documentation ranges are not, nor is anything that carries an IPv4 address in an IPv6 one to reach them by a detour:
 * a mapped address is judged by the address it maps.
 */
export function isPublicAddress(text: string): boolean {
  // Shorter and odder spellings of IPv4, which ipaddr.js also reads, never come from a resolver.
  if (isIP(text) === 0) return false;
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST_V6);
}
