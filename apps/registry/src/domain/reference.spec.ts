import { parseReference } from './reference.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

describe('a reference', () => {
  it.each([
    ['gemma-3-270m', { kind: 'alias', model: 'gemma-3-270m', alias: 'default' }],
    ['gemma:production', { kind: 'alias', model: 'gemma', alias: 'production' }],
    ['sha256', { kind: 'alias', model: 'sha256', alias: 'default' }],
    [DIGEST, { kind: 'digest', digest: DIGEST }],
  ])('%s means %j', (text, meaning) => {
    expect(parseReference(text)).toEqual(meaning);
  });

  it.each([
    '',
    ':',
    'gemma:',
    ':production',
    'Gemma',
    'a b',
    'gemma:a:b',
    'gemma:-a',
    'sha256:1234',
    `${DIGEST}0`,
    'a/b',
  ])('is never %j', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
