const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** The largest multiple of 62 in a byte: larger bytes are thrown away, or the first letters would be likelier. */
const FAIR_BYTES = 248;
/** Shown in lists, so that a person recognises a secret: too little to guess the rest from. */
const HINT_LENGTH = 4;

/**
 * The form of a secret: `<kind>_<30 base62>_<6 base62 CRC32 of all before>`. 178 random bits need no slow hash and
 * no salt; the checksum lets servers refuse typing errors without a look-up, and scanners find leaks without guessing.
 */
export interface SecretFormat {
  generate(random: (size: number) => Uint8Array): string;
  /** Whether the text has this form and its checksum fits: nothing more, it may still have been made up. */
  isWellFormed(text: string): boolean;
  /** The beginning of a secret, to recognise it by. */
  hintOf(secret: string): string;
}

export const API_KEY_FORMAT = secretFormat('ostro');
export const JOIN_TOKEN_FORMAT = secretFormat('ostrojoin');

function secretFormat(kind: string): SecretFormat {
  const shape = new RegExp(`^(${kind}_[0-9A-Za-z]{${BODY_LENGTH}})_([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`);
  return {
    generate: (random) => {
      const body = `${kind}_${randomText(random)}`;
      return `${body}_${checksum(body)}`;
    },
    isWellFormed: (text) => {
      const match = shape.exec(text);
      return match !== null && checksum(match[1]!) === match[2];
    },
    hintOf: (secret) => secret.slice(0, kind.length + 1 + HINT_LENGTH),
  };
}

function randomText(random: (size: number) => Uint8Array): string {
  let text = '';
  while (text.length < BODY_LENGTH) {
    for (const byte of random(BODY_LENGTH - text.length)) {
      if (byte < FAIR_BYTES) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let position = 0; position < CHECKSUM_LENGTH; position++) {
    digits = ALPHABET[rest % ALPHABET.length] + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}

/** CRC-32 of ISO 3309, as zlib and gzip use it. The texts are ASCII. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
