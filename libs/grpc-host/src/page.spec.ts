import fc from 'fast-check';
import { parsePage, takePage } from './index.ts';

const rows = Array.from({ length: 7 }, (_, index) => ({ id: `rep_${index}`, at: `${index}` }));
const cursorOf = (row: { id: string; at: string }) => [row.at, row.id];

/** Reads as a repository does: everything after the cursor, one more than the page. */
function list(request: { pageSize: number; pageToken: string }, filters = { projectId: 'prj_1' }) {
  const page = parsePage(request, filters);
  const start = page.after ? rows.findIndex((row) => row.id === page.after![1]) + 1 : 0;
  return takePage(rows.slice(start, start + page.size + 1), page, cursorOf);
}

describe('pages', () => {
  it('visit every item once, in order, whatever the size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (pageSize) => {
        const visited: string[] = [];
        let pageToken = '';
        do {
          const { items, nextPageToken } = list({ pageSize, pageToken });
          visited.push(...items.map(({ id }) => id));
          pageToken = nextPageToken;
        } while (pageToken !== '');
        expect(visited).toEqual(rows.map(({ id }) => id));
      }),
    );
  });

  it('hold 50 unless asked, and 500 at most', () => {
    expect(parsePage({ pageSize: 0, pageToken: '' }, {}).size).toBe(50);
    expect(parsePage({ pageSize: 9_999, pageToken: '' }, {}).size).toBe(500);
    expect(() => parsePage({ pageSize: -1, pageToken: '' }, {})).toThrow(/page_size/);
  });

  it('continue only the list they came from', () => {
    const { nextPageToken } = list({ pageSize: 3, pageToken: '' });
    expect(() => list({ pageSize: 3, pageToken: nextPageToken }, { projectId: 'prj_2' })).toThrow(/page_token/);
    expect(list({ pageSize: 2, pageToken: nextPageToken }).items[0]!.id).toBe('rep_3');
  });

  it('know a field that is not set from one that is, and a number from its text', () => {
    const page = parsePage({ pageSize: 1, pageToken: '' }, { a: 1n, b: undefined });
    const { nextPageToken: pageToken } = takePage(rows, page, cursorOf);
    expect(parsePage({ pageSize: 1, pageToken }, { a: 1n }).after).toEqual(['0', 'rep_0']);
    expect(() => parsePage({ pageSize: 1, pageToken }, { a: '1' })).toThrow();
  });

  it.each(['x', '{}', Buffer.from('{"a":1}').toString('base64url'), Buffer.from('["x","1"]').toString('base64url')])(
    'refuse %j as a token',
    (pageToken) => {
      expect(() => list({ pageSize: 1, pageToken })).toThrow(/page_token/);
    },
  );
});
