import { Controller, Get, Header } from '@nestjs/common';
import { Public } from '../callers/key.guard.ts';

/** The API's description of itself, made once at start. */
export class SelfDescription {
  readonly document: object;
  readonly page: string;

  constructor(document: object, page: string) {
    this.document = document;
    this.page = page;
  }
}

/** For people and generators; it says nothing about anybody, so it needs no key. */
@Public()
@Controller()
export class DocsHttp {
  readonly #self: SelfDescription;

  constructor(self: SelfDescription) {
    this.#self = self;
  }

  @Get('openapi.json')
  document(): object {
    return this.#self.document;
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
  page(): string {
    return this.#self.page;
  }
}
