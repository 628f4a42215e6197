export interface TinyToken {
  readonly text: string;
  /** 1 normal, 2 unknown, 3 control, 6 byte: the numbers of `tokenizer.ggml.token_type`. */
  readonly type: 1 | 2 | 3 | 6;
  /** Pieces with a higher score are merged first. */
  readonly score: number;
  /** Added to the token's logit by the weights: what should be said is at 0. */
  readonly bias: number;
}

const CONSONANTS = [...'bcdfghklmnprstvz'];
const VOWELS = [...'aeiou'];
const SPACE = '\u2581';

/**
 * 536 tokens of a SentencePiece vocabulary: the 256 bytes, so that any UTF-8 text has tokens; printable ASCII; and
 * open syllables with and without a space before them, which the weights prefer, so that answers read like words.
 */
export function tinyVocabulary(): readonly TinyToken[] {
  const syllables = CONSONANTS.flatMap((consonant) => VOWELS.map((vowel) => consonant + vowel));
  return [
    { text: '<unk>', type: 2, score: 0, bias: -60 },
    control('<s>'),
    control('</s>'),
    ...Array.from({ length: 256 }, (_, byte) => byteToken(byte)),
    control('<|im_start|>'),
    control('<|im_end|>'),
    ...pieces(syllables, -1, 0),
    ...pieces(
      syllables.map((syllable) => SPACE + syllable),
      -101,
      0,
    ),
    ...pieces(
      CONSONANTS.map((consonant) => SPACE + consonant),
      -201,
      -8,
    ),
    ...pieces([SPACE.repeat(4), SPACE.repeat(2), '\n', '\t'], -301, -8),
    ...pieces([SPACE, ...printableAscii()], -401, -20),
  ];
}

function control(text: string): TinyToken {
  return { text, type: 3, score: 0, bias: -60 };
}

function byteToken(byte: number): TinyToken {
  const text = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
  return { text, type: 6, score: -1_000, bias: -60 };
}

function pieces(texts: readonly string[], firstScore: number, bias: number): TinyToken[] {
  return texts.map((text, index) => ({ text, type: 1, score: firstScore - index, bias }));
}

function printableAscii(): string[] {
  return Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
}
