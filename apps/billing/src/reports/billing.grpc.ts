import { Controller } from '@nestjs/common';
import { billingV1 } from '@ostro/contracts';
import { currentCaller, parsePage, requireOrganization, requireProject, takePage } from '@ostro/grpc-host';
import { DomainError, parseId } from '@ostro/kernel';
import { Cell } from '../cell.ts';
import { priceBookToProto } from '../prices/price-book-proto.ts';
import { BalanceView } from './balance.view.ts';
import { ChargesView } from './charges.view.ts';
import { InvoiceView } from './invoice.view.ts';
import { monthPeriod, usagePeriod } from './period.ts';
import { PricesView } from './prices.view.ts';
import { chargeToProto, invoiceToProto, moneyToProto, postingsToProto, usageRowToProto } from './to-proto.ts';
import { cursorOf, type Group, UsageView } from './usage.view.ts';

const GROUPINGS: Readonly<Partial<Record<billingV1.UsageGrouping, Group>>> = {
  [billingV1.UsageGrouping.USAGE_GROUPING_DAY]: 'day',
  [billingV1.UsageGrouping.USAGE_GROUPING_PROJECT]: 'project',
  [billingV1.UsageGrouping.USAGE_GROUPING_KEY]: 'key',
  [billingV1.UsageGrouping.USAGE_GROUPING_MODEL]: 'model',
};

@Controller()
@billingV1.BillingServiceControllerMethods()
export class BillingGrpc implements billingV1.BillingServiceController {
  constructor(
    private readonly charges: ChargesView,
    private readonly usage: UsageView,
    private readonly invoices: InvoiceView,
    private readonly balances: BalanceView,
    private readonly prices: PricesView,
    private readonly cell: Cell,
  ) {}

  async getBalance(request: billingV1.GetBalanceRequest): Promise<billingV1.GetBalanceResponse> {
    const organizationId = wholeOrganization(request.organizationId);
    return { balance: moneyToProto(await this.balances.owed(organizationId)) };
  }

  async queryUsage(request: billingV1.QueryUsageRequest): Promise<billingV1.QueryUsageResponse> {
    const { organizationId, projects } = reach(request);
    const groups = request.groupBy.map(groupFromProto);
    const { startTime, endTime, projectId } = request;
    const page = parsePage(request, {
      organizationId,
      projectId,
      groups,
      start: startTime?.toISOString(),
      end: endTime?.toISOString(),
    });
    const period = usagePeriod(request, this.cell.clock.now());
    const rows = await this.usage.query(organizationId, { period, groups, projects, page });
    const { items, nextPageToken } = takePage(rows, page, cursorOf);
    return { rows: items.map(usageRowToProto), nextPageToken };
  }

  async getCharge(request: billingV1.GetChargeRequest): Promise<billingV1.GetChargeResponse> {
    const { organizationId, projectIds } = requireOrganization(currentCaller(), request.organizationId);
    const requestId = parseId('req', request.requestId, 'request_id');
    const posted = await this.charges.ofRequest(organizationId, requestId, projectIds);
    return { charge: chargeToProto(posted.charge), postings: postingsToProto(posted) };
  }

  async listCharges(request: billingV1.ListChargesRequest): Promise<billingV1.ListChargesResponse> {
    const { organizationId, projects } = reach(request);
    const page = parsePage(request, { organizationId, projectId: request.projectId });
    const rows = await this.charges.list(organizationId, { projects, page });
    const { items, nextPageToken } = takePage(rows, page, ({ chargeTime, id }) => [chargeTime.toISOString(), id]);
    return { charges: items.map(chargeToProto), nextPageToken };
  }

  async getDraftInvoice(request: billingV1.GetDraftInvoiceRequest): Promise<billingV1.GetDraftInvoiceResponse> {
    const organizationId = wholeOrganization(request.organizationId);
    const period = monthPeriod(request.month, this.cell.clock.now());
    const { currency } = await this.prices.book('');
    return { invoice: invoiceToProto(await this.invoices.draft(organizationId, period, currency)) };
  }

  async getPriceBook({ priceBookId }: billingV1.GetPriceBookRequest): Promise<billingV1.GetPriceBookResponse> {
    const { epoch, ...book } = await this.prices.book(priceBookId);
    return { priceBook: priceBookToProto(book, { cellId: this.cell.id, epoch }) };
  }
}

/** The projects asked for, within those the caller reaches. */
function reach(request: { readonly organizationId: string; readonly projectId: string }) {
  const caller = currentCaller();
  const { organizationId, projectIds } = requireOrganization(caller, request.organizationId);
  if (request.projectId === '') return { organizationId, projects: projectIds };
  requireProject(caller, request.projectId);
  return { organizationId, projects: [request.projectId] };
}

/** An organization's books tell of all its projects, so a key of one project does not see them. */
function wholeOrganization(asked: string) {
  const { organizationId, projectIds } = requireOrganization(currentCaller(), asked);
  if (projectIds === undefined) return organizationId;
  throw new DomainError(
    'PERMISSION_DENIED',
    'ORGANIZATION_WIDE_ONLY',
    'this key reaches one project, and this answer tells of all; query usage, or use a key of an organization-wide role',
  );
}

function groupFromProto(grouping: billingV1.UsageGrouping): Group {
  const group = GROUPINGS[grouping];
  if (group) return group;
  throw new DomainError('INVALID_ARGUMENT', 'INVALID_GROUPING', 'group_by is any of day, project, key and model', {
    details: { field: 'group_by' },
  });
}
