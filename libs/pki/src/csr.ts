import { Sensitive } from '@ostro/kernel';
import { generateKeys, keyPem, P256, requestFor } from './issue.ts';
import { checkedName } from './names.ts';

/** A node's key, which stays where it is made, and the request that proves it is held. */
export async function createCsr(nodeId: string): Promise<{ csrPem: string; keyPem: Sensitive<string> }> {
  const keys = await generateKeys(P256);
  const csrPem = await requestFor([{ CN: [checkedName(nodeId, 'nodeId')] }], keys);
  return { csrPem, keyPem: new Sensitive(await keyPem(keys.privateKey)) };
}
