import { nullTranslator } from '@jupyterlab/translation';
import { fakeClient, json, settled } from '../../../api/__tests__/fake';
import { NodePreview as Answer } from '../../../api/types';
import { Previews } from '../previews';

/** The server leaves out what is empty. */
type NodePreview = Partial<Answer> & Pick<Answer, 'node'>;

const TABLE = { columns: ['a'], rows: [['1']], column_count: 4, row_count: 1500 };

/** A server with previews; what was asked of it stands in `asked`. */
function serve(items: NodePreview[], more: { pending?: string[]; limit?: number } = {}) {
  const told = { items, pending: more.pending ?? [], fails: false };
  const asked: string[] = [];
  const client = fakeClient((_, url) => {
    const { pathname, searchParams } = new URL(url);
    asked.push(searchParams.get('nodes') ?? searchParams.get('after') ?? pathname.slice(-12));
    if (told.fails) {
      return json(404, { code: 'not-found', message: 'gone' });
    }
    if (!pathname.endsWith('/previews')) {
      return { table: TABLE };
    }
    const wanted = searchParams.get('nodes')?.split(',');
    const fits = told.items.filter(({ node }) => !wanted || wanted.includes(node));
    const start = fits.findIndex(({ node }) => node === searchParams.get('after')) + 1;
    const end = start + (more.limit ?? 500);
    return {
      items: fits.slice(start, end).filter(({ node }) => !told.pending.includes(node)),
      pending: told.pending,
      next: end < fits.length ? fits[end - 1].node : null
    };
  });
  const news: string[][] = [];
  const trans = nullTranslator.load('nbyard');
  const previews = new Previews(client, 'r', trans, nodes => news.push([...nodes]));
  return { previews, asked, news, told };
}

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
  await settled();
}

describe('Previews', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('requests the cards that asked, once, and keeps the answers', async () => {
    const { previews, asked, news } = serve([
      { node: 'a', text: 'hi' },
      { node: 'b', text: 'ho' }
    ]);
    expect([previews.get('a'), previews.get('b'), previews.get('none')]).toEqual([
      undefined,
      undefined,
      undefined
    ]);
    expect(asked).toEqual([]);
    await pass(100);
    expect([asked, news]).toEqual([['a,b,none'], [['a', 'b', 'none']]]);
    expect([previews.get('a'), previews.get('none')]).toEqual([{ text: 'hi' }, undefined]);
    await pass(20_000);
    expect(asked).toEqual(['a,b,none']);
  });

  it('requests what comes later at most once a second', async () => {
    const { previews, asked } = serve([]);
    previews.get('a');
    await pass(100);
    for (const node of 'bcdefgh') {
      previews.get(node);
      await pass(100);
    }
    expect(asked).toEqual(['a']);
    await pass(400);
    expect(asked).toEqual(['a', 'b,c,d,e,f,g,h']);
  });

  it('reads many nodes in pages', async () => {
    const items = Array.from({ length: 120 }, (_, at) => ({ node: `n${at}`, text: `${at}` }));
    const { previews, asked, news } = serve(items, { limit: 100 });
    items.forEach(({ node }) => previews.get(node));
    await pass(100);
    expect(asked).toEqual([expect.any(String), 'n99']);
    expect(news[0]).toHaveLength(120);
    expect(previews.get('n119')).toEqual({ text: '119' });
  });

  it('requests what a page leaves open by name', async () => {
    const items = Array.from({ length: 120 }, (_, at) => ({ node: `n${at}`, text: `${at}` }));
    const pending = items.slice(0, 60).map(({ node }) => node);
    const { previews, asked, told } = serve(items, { pending });
    items.forEach(({ node }) => previews.get(node));
    await pass(100);
    told.pending = [];
    await pass(1000);
    await pass(1000);
    expect(asked.slice(1)).toEqual([pending.slice(0, 50).join(), pending.slice(50).join()]);
    expect(previews.get('n59')).toEqual({ text: '59' });
  });

  it('asks again for what the server still makes', async () => {
    const { previews, asked, news, told } = serve([{ node: 'a', text: 'hi' }], { pending: ['a'] });
    previews.get('a');
    await pass(100);
    expect([asked, news]).toEqual([['a'], []]);
    told.pending = [];
    await pass(1000);
    expect([asked, news]).toEqual([['a', 'a'], [['a']]]);
  });

  it('asks nothing while the canvas or the window is hidden', async () => {
    const { previews, asked } = serve([{ node: 'a', text: 'hi' }]);
    previews.isShown = false;
    previews.get('a');
    await pass(5000);
    expect(asked).toEqual([]);
    const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    previews.isShown = true;
    await pass(5000);
    expect(asked).toEqual([]);
    hidden.mockRestore();
    await pass(1000);
    expect(asked).toEqual(['a']);
  });

  it('waits after a failure', async () => {
    const { previews, asked, told } = serve([{ node: 'a', text: 'hi' }]);
    told.fails = true;
    previews.get('a');
    await pass(5000);
    expect(asked).toEqual(['a']);
    told.fails = false;
    await pass(6000);
    expect([asked, previews.get('a')]).toEqual([['a', 'a'], { text: 'hi' }]);
  });

  it('asks nothing after it was disposed', async () => {
    const { previews, asked, news } = serve([{ node: 'a', text: 'hi' }]);
    previews.get('a');
    await pass(60);
    previews.get('b');
    previews.dispose();
    await pass(5000);
    expect([asked.length, news.length]).toEqual([1, 1]);
  });

  it('shows every part in words', async () => {
    const { previews } = serve([
      {
        node: 'a',
        picture: 'sha256:1',
        caption: 'plot.png',
        table: TABLE,
        table_name: 'rows',
        metrics: [
          { name: 'loss', value: 0.123456789 },
          { name: 'best', value: 'NaN' }
        ],
        model: { class_name: 'SVC', features: 4, inputs: [] }
      },
      { node: 'b', table: { ...TABLE, row_count: null }, table_name: 'rows' },
      { node: 'c', model: { class_name: '', features: 1, inputs: [] } }
    ]);
    ['a', 'b', 'c'].forEach(node => previews.get(node));
    await pass(100);
    expect(previews.get('a')).toEqual({
      picture: 'http://here/user/x/nbyard/api/runs/r/pictures/sha256%3A1',
      enlarge: expect.any(Function),
      caption: 'plot.png',
      table: { columns: ['a'], rows: [['1']], count: 4, size: `${(1500).toLocaleString()} × 4` },
      metrics: [
        { name: 'loss', value: '0.1234568' },
        { name: 'best', value: 'NaN' }
      ],
      model: 'SVC · 4 features'
    });
    expect(previews.get('b')).toMatchObject({ caption: 'rows', table: { size: '4 columns' } });
    expect(previews.get('c')).toEqual({ model: '1 feature' });
  });

  it('requests the table of a connection once, and again after a failure', async () => {
    const { previews, asked, told } = serve([]);
    told.fails = true;
    expect(await previews.table('a', 'out')).toBeUndefined();
    told.fails = false;
    const [first, second] = [previews.table('a', 'out'), previews.table('a', 'out')];
    expect((await first)?.columns).toEqual(['a']);
    expect(await second).toBe(await first);
    expect(asked).toHaveLength(2);
  });
});
