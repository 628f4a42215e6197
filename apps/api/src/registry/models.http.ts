import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import type { registryV1 } from '@ostro/contracts';
import type { z } from 'zod';
import { By, type Caller } from '../callers/caller.ts';
import { ControlPlane, REGISTRY } from '../clients/control-plane.ts';
import { IfMatch, ifMatchHeader } from '../http/if-match.ts';
import { Operation } from '../http/operation.ts';
import { body, label, type PageQuery, pageQuery, path, toPage } from '../shapes/input.ts';
import type { Listed } from '../shapes/view.ts';
import { alias, cataloguePage, model, modelPage, modelRevisionPage } from './registry.views.ts';

const newAlias = body('NewAlias', { digest: label });
const byModel = path('model');
const byAlias = path('model', 'alias');

/** Models, their revisions and the aliases that point at them. */
@Controller('v1')
export class ModelsHttp {
  readonly #registry: ControlPlane['registry'];

  constructor(control: ControlPlane) {
    this.#registry = control.registry;
  }

  @Get('models')
  @Operation(REGISTRY.listModels, 'listModels', 'Models, by name', { answers: modelPage })
  async list(@Query({ schema: pageQuery }) query: PageQuery, @By() caller: Caller): Promise<Listed<registryV1.Model>> {
    const request = { organizationId: caller.organizationId, ...toPage(query) };
    const { models, nextPageToken } = await this.#registry.listModels(request, caller.reads());
    return { items: models, nextPageToken };
  }

  @Get('models/:model')
  @Operation(REGISTRY.getModel, 'getModel', 'One model by id or name', { answers: model })
  async get(
    @Param({ schema: byModel }) { model: id }: z.output<typeof byModel>,
    @By() caller: Caller,
  ): Promise<registryV1.Model> {
    const { organizationId } = caller;
    const { model } = await this.#registry.getModel({ organizationId, model: id }, caller.reads());
    return model!;
  }

  @Get('models/:model/revisions')
  @Operation(REGISTRY.listModelRevisions, 'listModelRevisions', 'Revisions of a model, newest first', {
    answers: modelRevisionPage,
  })
  async revisions(
    @Param({ schema: byModel }) { model }: z.output<typeof byModel>,
    @Query({ schema: pageQuery }) query: PageQuery,
    @By() caller: Caller,
  ): Promise<Listed<registryV1.ModelRevision>> {
    const request = { organizationId: caller.organizationId, model, ...toPage(query) };
    const { revisions, nextPageToken } = await this.#registry.listModelRevisions(request, caller.reads());
    return { items: revisions, nextPageToken };
  }

  @Put('models/:model/aliases/:alias')
  @Operation(
    REGISTRY.setAlias,
    'setAlias',
    'Points an alias at a revision if it still has the generation of If-Match',
    {
      answers: alias,
      headers: [ifMatchHeader],
    },
  )
  async setAlias(
    @Param({ schema: byAlias }) { model, alias: name }: z.output<typeof byAlias>,
    @Body({ schema: newAlias }) { digest }: z.output<typeof newAlias>,
    @IfMatch() generation: bigint | undefined,
    @By() caller: Caller,
  ): Promise<registryV1.Alias> {
    const { organizationId } = caller;
    const expectedGeneration = generation ?? 0n;
    const { alias } = await this.#registry.setAlias(
      { organizationId, model, alias: name, digest, expectedGeneration },
      caller.writes(),
    );
    return alias!;
  }

  @Get('catalogue')
  @Operation(REGISTRY.listCatalogue, 'listCatalogue', 'Models that are known to work, and where to get them', {
    answers: cataloguePage,
  })
  async catalogue(@By() caller: Caller): Promise<Listed<registryV1.CatalogueEntry>> {
    const { entries } = await this.#registry.listCatalogue({}, caller.reads());
    return { items: entries, nextPageToken: '' };
  }
}
