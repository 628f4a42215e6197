import { StopFilter } from './stop-filter.ts';

describe('StopFilter', () => {
  it('passes text through at once where nothing could become a stop string', () => {
    const filter = new StopFilter(['END']);
    expect(filter.push('hello', 1)).toEqual({ text: 'hello', tokens: 1, stopped: false });
  });

  it('finds a stop string that is spread over tokens and releases nothing of it', () => {
    const filter = new StopFilter(['END']);
    expect(filter.push('so E', 1)).toEqual({ text: 'so ', tokens: 0, stopped: false });
    expect(filter.push('N', 1)).toEqual({ text: '', tokens: 0, stopped: false });
    expect(filter.push('D!', 1)).toEqual({ text: '', tokens: 0, stopped: true });
  });

  it('releases what only looked like a stop string', () => {
    const filter = new StopFilter(['END']);
    filter.push('E', 1);
    expect(filter.push('agle', 1)).toEqual({ text: 'Eagle', tokens: 2, stopped: false });
  });

  it('stops at the earliest of several', () => {
    const filter = new StopFilter(['later', 'now']);
    expect(filter.push('a now or later', 1)).toMatchObject({ text: 'a ', stopped: true });
  });

  it('counts a token only when all of its text is released, and unfinished characters with the next text', () => {
    const filter = new StopFilter(['\n\n']);
    expect(filter.push('', 1).tokens).toBe(0);
    expect(filter.push('é', 1).tokens).toBe(2);
    expect(filter.push('a\n', 1)).toEqual({ text: 'a', tokens: 2, stopped: false });
    expect(filter.end()).toEqual({ text: '\n', tokens: 3, stopped: false });
  });
});
