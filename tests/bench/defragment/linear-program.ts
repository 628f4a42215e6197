import highsModule from 'highs';

/** Its types describe the CommonJS build, where the loader is a property; what an import loads is the loader itself. */
const loadHighs = highsModule as unknown as typeof highsModule.default;
const highs = await loadHighs();

/** Long sums are broken: the format allows 560 characters a line. */
const TERMS_PER_LINE = 8;

/**
 * Maximizes a sum under limits on other sums, all variables from 0. Collected term by term, solved by HiGHS, which reads
 * CPLEX's text format.
 */
export class LinearProgram {
  readonly #objective: string[] = [];
  readonly #rows = new Map<string, string[]>();
  readonly #most = new Map<string, number>();
  readonly #least = new Map<string, number>();

  gain(variable: string, each: number): void {
    if (each !== 0) this.#objective.push(term(each, variable));
  }

  use(row: string, variable: string, each: number): void {
    const terms = this.#rows.get(row);
    if (terms === undefined) this.#rows.set(row, [term(each, variable)]);
    else terms.push(term(each, variable));
  }

  atMost(row: string, limit: number): void {
    this.#most.set(row, limit);
  }

  atLeast(row: string, limit: number): void {
    if (limit > 0) this.#least.set(row, limit);
  }

  /** The largest value of the objective. @throws Error when the limits contradict each other. */
  maximum(): number {
    const rows = [...this.#rows].flatMap(([row, terms]) => [
      ...this.#limit(`${row}_most`, terms, '<=', this.#most.get(row)),
      ...this.#limit(`${row}_least`, terms, '>=', this.#least.get(row)),
    ]);
    const text = `Maximize\n worth: ${lines(this.#objective)}\nSubject To\n${rows.join('\n')}\nEnd\n`;
    const { Status, ObjectiveValue } = highs.solve(text);
    if (Status !== 'Optimal') throw new Error(`the linear program of the bound has no optimum: ${Status}`);
    return ObjectiveValue;
  }

  #limit(name: string, terms: readonly string[], sense: string, limit: number | undefined): readonly string[] {
    return limit === undefined ? [] : [` ${name}: ${lines(terms)} ${sense} ${limit}`];
  }
}

function term(each: number, variable: string): string {
  return `${each < 0 ? '-' : '+'} ${Math.abs(each)} ${variable}`;
}

function lines(terms: readonly string[]): string {
  const broken: string[] = [];
  for (let at = 0; at < terms.length; at += TERMS_PER_LINE) {
    broken.push(terms.slice(at, at + TERMS_PER_LINE).join(' '));
  }
  return broken.join('\n  ');
}
