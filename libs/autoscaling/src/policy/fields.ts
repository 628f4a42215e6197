import { DomainError } from '@ostro/kernel';

/** Takes a mapping apart field by field, with errors that name the place; `end` refuses what nobody asked for. */
export class Fields {
  private readonly rest: Map<string, unknown>;

  constructor(
    input: unknown,
    private readonly place: string,
  ) {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid(place, 'must be a mapping');
    this.rest = new Map(Object.entries(input));
  }

  /** The raw value of a field; undefined when it is left out. */
  take(name: string): unknown {
    const value = this.rest.get(name);
    this.rest.delete(name);
    return value ?? undefined;
  }

  /** A mapping inside this one; left out means empty. */
  nested(name: string): Fields {
    return new Fields(this.take(name) ?? {}, this.at(name));
  }

  whole(name: string, lowest: number, highest: number, otherwise?: number): number {
    const value = this.optionalWhole(name, lowest, highest) ?? otherwise;
    if (value === undefined) throw invalid(this.at(name), 'is missing; give it');
    return value;
  }

  optionalWhole(name: string, lowest: number, highest: number): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (Number.isInteger(value) && within(value as number, lowest, highest)) return value as number;
    throw invalid(this.at(name), `must be a whole number from ${lowest} to ${highest}, not ${shown(value)}`);
  }

  optionalDecimal(name: string, lowest: number, highest: number): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && within(number, lowest, highest)) return number;
    throw invalid(this.at(name), `must be a number from ${lowest} to ${highest}, not ${shown(value)}`);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.take(name);
    const found = allowed.find((each) => each === value);
    if (found !== undefined) return found;
    throw invalid(this.at(name), `must be one of ${allowed.join(', ')}, not ${shown(value)}`);
  }

  end(): void {
    const [other] = this.rest.keys();
    if (other !== undefined) throw invalid(this.at(other), 'is unknown; remove it');
  }

  private at(name: string): string {
    return this.place === 'policy' ? name : `${this.place}.${name}`;
  }
}

export function list(input: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(input)) throw invalid(place, 'must be a list');
  return input;
}

export function invalid(field: string, problem: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_SCALING_POLICY', `scaling policy: ${field} ${problem}`, {
    details: { field },
  });
}

/** False for NaN, which is neither above nor below anything. */
function within(value: number, lowest: number, highest: number): boolean {
  return value >= lowest && value <= highest;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
