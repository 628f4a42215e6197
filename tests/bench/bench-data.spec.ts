import { tmpdir } from 'node:os';
import { dataFile } from './bench-data.ts';

describe('a trace that a bench is to read', () => {
  it.each(['', tmpdir(), 'nothing-of-that-name.csv'])(
    'is a file, so "%s" is none, and every place is named',
    (name) => {
      expect(() => dataFile(name)).toThrow(/^no trace ".*": looked for .*; set OSTRO_DATA to its folder$/);
    },
  );
});
