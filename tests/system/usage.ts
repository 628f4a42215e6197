import { eventually } from '@ostro/testing';
import type { Fleet } from './fleet.ts';

/** Asks for one short answer; gives its request id, by which it is billed. */
export async function askOnce(fleet: Fleet, model: string, prompt = 'a few words', maxTokens = 4): Promise<string> {
  const { response } = await fleet.openai().completions.create({ model, prompt, max_tokens: maxTokens }).withResponse();
  return response.headers.get('x-request-id')!;
}

/** Asks until `count` answers have come; every one must succeed. */
export async function askMany(fleet: Fleet, model: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push(await askOnce(fleet, model, `question ${index}`));
  return ids;
}

interface Chargeable {
  readonly request_id: string;
  readonly amount: { readonly amount: string };
}

/** No request has two charges, and what is owed is what was charged. */
export async function expectBalanceOfCharges(fleet: Fleet): Promise<void> {
  await eventually(
    async () => {
      const charges = await allCharges(fleet);
      expect(new Set(charges.map(({ request_id: id }) => id)).size).toBe(charges.length);
      const { balance } = await fleet.management().get<{ balance: { amount: string } }>('/v1/balance');
      expect(exact(balance.amount)).toBe(charges.reduce((sum, charge) => sum + exact(charge.amount.amount), 0n));
    },
    { withinMs: 30_000 },
  );
}

/** A decimal as a whole number of 10^-24: exact, unlike a float. */
export function exact(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.replace('-', '').split('.');
  const value = BigInt(whole + fraction.padEnd(24, '0'));
  return amount.startsWith('-') ? -value : value;
}

/** Every request is billed, and none twice. */
export async function expectBilledOnce(fleet: Fleet, requestIds: readonly string[]): Promise<void> {
  for (const id of requestIds) await fleet.management().charge(id, 60_000);
  const billed = await allCharges(fleet);
  const wanted = new Set(requestIds);
  const times = Map.groupBy(
    billed.filter(({ request_id: id }) => wanted.has(id)),
    ({ request_id: id }) => id,
  );
  expect([...times.values()].filter((charges) => charges.length !== 1)).toEqual([]);
  expect(times.size).toBe(wanted.size);
}

export async function allCharges(fleet: Fleet): Promise<Chargeable[]> {
  const charges: Chargeable[] = [];
  let token = '';
  do {
    const page = await fleet
      .management()
      .get<{ items: Chargeable[]; next_page_token: string }>(`/v1/charges?page_size=500&page_token=${token}`);
    charges.push(...page.items);
    token = page.next_page_token;
  } while (token !== '');
  return charges;
}
