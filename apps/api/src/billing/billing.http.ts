import { Controller, Get, Param, Query } from '@nestjs/common';
import type { billingV1 } from '@ostro/contracts';
import { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { BILLING, ControlPlane } from '../clients/control-plane.ts';
import { Operation } from '../http/operation.ts';
import { page, path, query, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import { balance, chargePage, draftInvoice, groupings, postedCharge, priceBook, usagePage } from './billing.views.ts';

const GROUPS = 'day|project|key|model';

const usageQuery = query({
  start_time: z.iso.datetime({ offset: true }).optional().describe('Absent: the start of this month in UTC.'),
  end_time: z.iso.datetime({ offset: true }).optional().describe('Absent: now.'),
  group_by: z
    .string()
    .regex(new RegExp(`^(${GROUPS})(,(${GROUPS}))*$`), `comma-separated words of ${GROUPS.replaceAll('|', ', ')}`)
    .optional()
    .describe('Comma-separated: day, project, key, model. Absent: one row.'),
  project_id: z.string().default(''),
  ...page,
});
const chargesQuery = query({ project_id: z.string().default(''), ...page });
const invoiceQuery = query({
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month as YYYY-MM')
    .default('')
    .describe('YYYY-MM in UTC; absent: this month.'),
});
const priceBookQuery = query({ price_book_id: z.string().default('') });
const byRequest = path('request_id');

/** What was used, what it cost and what is owed. */
@Controller('v1')
export class BillingHttp {
  readonly #billing: ControlPlane['billing'];

  constructor(control: ControlPlane) {
    this.#billing = control.billing;
  }

  @Get('balance')
  @Operation(BILLING.getBalance, 'getBalance', 'What the organization owes', { answers: balance })
  async balance(@By() caller: Caller): Promise<billingV1.GetBalanceResponse> {
    return this.#billing.getBalance({ organizationId: caller.organizationId }, caller.reads());
  }

  @Get('usage')
  @Operation(BILLING.queryUsage, 'queryUsage', 'Usage in an interval, grouped', { answers: usagePage })
  async usage(
    @Query({ schema: usageQuery }) query: z.output<typeof usageQuery>,
    @By() caller: Caller,
  ): Promise<Listed<billingV1.UsageRow>> {
    const { rows, nextPageToken } = await this.#billing.queryUsage(
      {
        organizationId: caller.organizationId,
        startTime: toDate(query.start_time),
        endTime: toDate(query.end_time),
        groupBy: query.group_by?.split(',').map((word) => groupings.numberOf(word)) ?? [],
        projectId: query.project_id,
        ...toPage(query),
      },
      caller.reads(),
    );
    return { items: rows, nextPageToken };
  }

  @Get('charges')
  @Operation(BILLING.listCharges, 'listCharges', 'Charges, newest first', { answers: chargePage })
  async charges(
    @Query({ schema: chargesQuery }) query: z.output<typeof chargesQuery>,
    @By() caller: Caller,
  ): Promise<Listed<billingV1.Charge>> {
    const request = { organizationId: caller.organizationId, projectId: query.project_id, ...toPage(query) };
    const { charges, nextPageToken } = await this.#billing.listCharges(request, caller.reads());
    return { items: charges, nextPageToken };
  }

  @Get('charges/:request_id')
  @Operation(BILLING.getCharge, 'getCharge', 'The charge of a request with its postings; 404 until it is billed', {
    answers: postedCharge,
  })
  async charge(
    @Param({ schema: byRequest }) { request_id: requestId }: z.output<typeof byRequest>,
    @By() caller: Caller,
  ): Promise<billingV1.Charge & { postings: billingV1.Posting[] }> {
    const { organizationId } = caller;
    const { charge, postings } = await this.#billing.getCharge({ organizationId, requestId }, caller.reads());
    return { ...charge!, postings };
  }

  @Get('invoices/draft')
  @Operation(BILLING.getDraftInvoice, 'getDraftInvoice', 'What a month costs if it ends now', { answers: draftInvoice })
  async draftInvoice(
    @Query({ schema: invoiceQuery }) { month }: z.output<typeof invoiceQuery>,
    @By() caller: Caller,
  ): Promise<billingV1.DraftInvoice> {
    const { organizationId } = caller;
    const { invoice } = await this.#billing.getDraftInvoice({ organizationId, month }, caller.reads());
    return invoice!;
  }

  @Get('price-book')
  @Operation(BILLING.getPriceBook, 'getPriceBook', 'The dated prices', { answers: priceBook })
  async priceBook(
    @Query({ schema: priceBookQuery }) { price_book_id: priceBookId }: z.output<typeof priceBookQuery>,
    @By() caller: Caller,
  ): Promise<billingV1.PriceBookRecord> {
    const { priceBook } = await this.#billing.getPriceBook({ priceBookId }, caller.reads());
    return priceBook!;
  }
}

function toDate(time: string | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
