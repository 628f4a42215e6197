import { z } from 'zod';

/** An enum of ts-proto: names to numbers and back. */
type ProtoEnum = Readonly<Record<string, string | number>>;

/** An enum of a contract as lower-case words without its prefix: `DEPLOYMENT_PHASE_READY` is `ready`. */
export interface Words {
  /** Number to word, for answers. A number of a newer contract is `unspecified` like the zero. */
  readonly view: z.ZodType<string, number>;
  /** The words a caller may send: all but `unspecified`. */
  readonly input: z.ZodType<string, string>;
  /** @throws RangeError for a word that `input` would have refused. */
  numberOf(word: string): number;
}

const UNSPECIFIED = 'unspecified';

export function words(definition: ProtoEnum): Words {
  const prefix = String(definition[0]).slice(0, -UNSPECIFIED.length);
  const numbers = new Map(
    Object.entries(definition)
      .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] >= 0)
      .map(([name, number]) => [name.slice(prefix.length).toLowerCase(), number]),
  );
  const names = new Map([...numbers].map(([word, number]) => [number, word]));
  const all = [...numbers.keys()];
  return {
    view: z
      .number()
      .transform((number) => names.get(number) ?? UNSPECIFIED)
      .pipe(z.enum(all)),
    input: z.enum(all.filter((word) => word !== UNSPECIFIED)),
    numberOf(word) {
      const number = numbers.get(word);
      if (number === undefined) throw new RangeError(`${word} is none of ${all.join(', ')}`);
      return number;
    },
  };
}
