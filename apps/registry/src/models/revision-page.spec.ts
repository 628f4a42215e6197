import type { ListedRevision } from './revision-page.ts';
import { takeRevisionPage } from './revision-page.ts';

const listed = (position: number, chunks: number): ListedRevision =>
  ({
    position: BigInt(position),
    revision: { manifest: { files: [{ chunkSha256: Array.from({ length: chunks }, () => 'x') }] } },
  }) as unknown as ListedRevision;

const positions = (rows: readonly ListedRevision[], size: number) => {
  const { items, nextPageToken } = takeRevisionPage(rows, { size, filters: {} });
  return [items.map(({ position }) => Number(position)), nextPageToken !== ''];
};

describe('a page of revisions', () => {
  it('has as many as were asked for where they are small', () => {
    expect(positions([listed(3, 1), listed(2, 1), listed(1, 1)], 2)).toEqual([[3, 2], true]);
    expect(positions([listed(2, 1), listed(1, 1)], 2)).toEqual([[2, 1], false]);
  });

  it('ends early where they are large, and goes on from there', () => {
    expect(positions([listed(3, 30_000), listed(2, 20_000), listed(1, 1)], 3)).toEqual([[3, 2], true]);
    expect(positions([listed(1, 60_000), listed(0, 1)], 2)).toEqual([[1], true]);
    expect(positions([listed(1, 60_000)], 2)).toEqual([[1], false]);
  });
});
