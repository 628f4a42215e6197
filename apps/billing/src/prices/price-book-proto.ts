import { billingV1 } from '@ostro/contracts';
import type { Meter } from '@ostro/rating';
import type { StoredPriceBook } from './price-books.repository.ts';

export const METERS: Readonly<Record<Meter, billingV1.Meter>> = {
  input_tokens: billingV1.Meter.METER_INPUT_TOKENS,
  cached_input_tokens: billingV1.Meter.METER_CACHED_INPUT_TOKENS,
  output_tokens: billingV1.Meter.METER_OUTPUT_TOKENS,
  requests: billingV1.Meter.METER_REQUESTS,
};

export function priceBookToProto(
  { id, currency, generation, versions }: StoredPriceBook,
  { cellId, epoch }: { readonly cellId: string; readonly epoch: bigint },
): billingV1.PriceBookRecord {
  return {
    priceBookId: id,
    currency,
    versions: versions.map(({ version, effective, prices }) => ({
      version,
      effectiveFrom: effective.from,
      effectiveTo: effective.to,
      prices: prices.map((price) => ({ ...price, meter: METERS[price.meter] })),
    })),
    cellId,
    epoch,
    generation,
  };
}
