import type { Id } from '@ostro/kernel';

/** Who pays. */
export interface Organization {
  readonly id: Id<'org'>;
  readonly name: string;
  readonly createdAt: Date;
}

/** Where deployments, endpoints and keys live. */
export interface Project {
  readonly id: Id<'prj'>;
  readonly organizationId: Id<'org'>;
  readonly name: string;
  readonly createdAt: Date;
}
