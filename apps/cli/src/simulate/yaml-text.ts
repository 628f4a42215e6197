import { DomainError } from '@ostro/kernel';
import { type Alias, isMap, isNode, LineCounter, type Node, parseDocument, visit } from 'yaml';

/** Keys and indexes from the root, such as ['models', 0, 'load']. */
export type Path = readonly (string | number)[];

/** Something wrong at a place of the file. */
export interface Problem {
  readonly path: Path;
  /** The key itself is meant, not what it holds. */
  readonly atKey?: boolean;
  /** After the name of the field: "must be ...". */
  readonly text: string;
}

const MAX_PROBLEMS = 10;

/** YAML that remembers where everything stands, so that an error can name line and column. */
export class YamlText {
  readonly value: unknown;
  readonly #file: string;
  readonly #document: ReturnType<typeof parseDocument>;
  readonly #lines = new LineCounter();

  /** @throws DomainError INVALID_ARGUMENT (INVALID_POLICY) for what is not YAML. */
  constructor(file: string, text: string) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const [error] = this.#document.errors;
    if (error !== undefined) {
      const problem = error.code === 'MULTIPLE_DOCS' ? 'a second policy begins here: keep one' : error.message;
      throw invalidPolicy(`${file}:${this.#lineAndColumn(error.pos[0])}: ${problem}`);
    }
    this.value = this.#plain();
  }

  /** Few aliases are a convenience; those that hold themselves or multiply are endless, or as good as that. */
  #plain(): unknown {
    let last: Alias | undefined;
    visit(this.#document, {
      Alias: (_, alias, holders) => {
        last = alias;
        if (holders.includes(alias.resolve(this.#document)!)) throw this.#badAlias(alias, 'holds itself');
      },
    });
    try {
      return this.#document.toJS();
    } catch (error) {
      if (!(error instanceof ReferenceError) || last === undefined) throw error;
      throw this.#badAlias(last, 'stands for too much');
    }
  }

  #badAlias(alias: Alias, problem: string): DomainError {
    const place = `${this.#file}:${this.#lineAndColumn(offsetOf(alias))}`;
    return invalidPolicy(`${place}: the alias *${alias.source} ${problem}: write out what it should stand for`);
  }

  /** One error for all problems, one a line and in the order of the file, as compilers write them. */
  refusal(problems: readonly Problem[]): DomainError {
    const placed = problems.map((problem) => ({ problem, offset: this.#offset(problem) }));
    placed.sort((one, other) => one.offset - other.offset);
    const lines = placed.map(
      ({ problem, offset }) =>
        `${this.#file}:${this.#lineAndColumn(offset)}: ${fieldName(problem.path)} ${problem.text}`,
    );
    const different = [...new Set(lines)];
    const shown = different.slice(0, MAX_PROBLEMS);
    const rest = different.length - shown.length;
    return invalidPolicy([...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n'));
  }

  /** Where it stands; what is not there is looked for at the nearest that would hold it. */
  #offset({ path, atKey = false }: Problem): number {
    const key = atKey ? this.#keyOffset(path) : undefined;
    if (key !== undefined) return key;
    const lengths = path.map((_, at) => path.length - at);
    const nodes = lengths.map((length) => this.#document.getIn(path.slice(0, length), true));
    return offsetOf(nodes.find(isNode) ?? this.#document.contents);
  }

  #keyOffset(path: Path): number | undefined {
    const holder = this.#document.getIn(path.slice(0, -1), true);
    const pair = isMap(holder) ? holder.items.find(({ key }) => String(key) === path.at(-1)) : undefined;
    return isNode(pair?.key) ? offsetOf(pair.key) : undefined;
  }

  #lineAndColumn(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${line}:${col}`;
  }
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/** ['models', 0, 'load'] as "models[0].load". */
export function fieldName(path: Path): string {
  const name = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return name === '' ? 'the policy' : name.replace(/^\./, '');
}

/** "models[0].load" as ['models', 0, 'load']. */
export function fieldPath(name: string): Path {
  return (name.match(/[^.[\]]+/g) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

export function invalidPolicy(message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'INVALID_POLICY', message);
}
