import { Contents } from '@jupyterlab/services';
import { IPaletteRow } from '../../model/tokens';
import { depthBelow, filesBeside } from '../folderFiles';
import { detailOf, groupsOf, usedRows } from '../paletteGroups';

/** A contents service with these files, and the texts of some. */
function contentsWith(files: readonly string[], texts: Record<string, string> = {}) {
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(path);
    if (texts[path] !== undefined) {
      return { content: texts[path] };
    }
    const below = path ? `${path}/` : '';
    const names = files.filter(file => file.startsWith(below)).map(f => f.slice(below.length));
    const items = [...new Set(names.map(name => name.split('/')[0]))].map(name => ({
      path: below + name,
      type: names.includes(name) ? 'file' : 'directory'
    }));
    return { content: items };
  };
  const localPath = (path: string) => path;
  return { asked, contents: { get, localPath } as unknown as Contents.IManager };
}

const executable = (path: string, byRun = false): IPaletteRow => {
  const folder = path.split('/').slice(0, -1).join('/');
  const name = path.split('/').pop()!.split('.')[0];
  return { type: 'executable', id: `id of ${path}`, name, path, folder, byRun, detail: '1 in' };
};
const dataset = (name: string, folder?: string): IPaletteRow => ({
  ...{ type: 'dataset', id: `id of ${name}`, name, folder }
});
const shown = (rows: readonly IPaletteRow[]) =>
  rows.map(row => [row.name, detailOf(row)].filter(Boolean).join(', '));

describe('the files of a folder', () => {
  it('K2: are listed with two levels of subfolders, without caches, links and descriptions', async () => {
    const { contents, asked } = contentsWith([
      ...['w/a.py', 'w/a.py.nbexec', 'w/data/x.csv', 'w/data/raw/y.csv', 'w/data/raw/old/z.csv'],
      ...['w/.venv/b.py', 'w/node_modules/c.py', 'other/d.py'],
      'w/resources/0198c1d2-7a3b-7c4d-8e5f-0123456789ab/x.csv'
    ]);
    expect(await filesBeside({ contents, path: 'w/f.nbflow' }, 2)).toEqual([
      ...['w/a.py', 'w/data/x.csv', 'w/data/raw/y.csv']
    ]);
    expect(asked).toEqual(['w', 'w/data', 'w/resources', 'w/data/raw']);
  });

  it('are read from at most sixty folders', async () => {
    const many = Array.from({ length: 100 }, (_, at) => `w/f${at}/x.csv`);
    const { contents, asked } = contentsWith(many);
    await filesBeside({ contents, path: 'w/f.nbflow' }, 2);
    expect(asked).toHaveLength(60);
  });

  it.each([
    ['', 'a.py', 0],
    ['', 'a/b/c.py', 2],
    ['', 'a/b/c/d.py', undefined],
    ['w', 'w/a.py', 0],
    ['w', 'wide/a.py', undefined],
    ['w', 'a.py', undefined]
  ])('from %s: %s is %s levels below', (folder, file, depth) =>
    expect(depthBelow(folder, file)).toBe(depth)
  );
});

describe('K2: the palette', () => {
  const files = ['w/clean.py', 'w/f.nbflow', 'w/data/x.csv'];

  it('has files of the folder first, then what is used there, then the rest with its folder', () => {
    const used: IPaletteRow[] = [
      { type: 'dataset', id: 'iris', name: 'Iris' },
      {
        type: 'executable',
        id: 'lib/draw.py',
        name: 'draw.py',
        path: 'lib/draw.py',
        folder: 'lib'
      },
      { type: 'executable', id: 'w/gone.py', name: 'gone.py', path: 'w/gone.py', folder: 'w' }
    ];
    const known = [
      ...[dataset('iris'), dataset('weather'), dataset('x.csv', 'w/data'), dataset('top', '')],
      ...[executable('ping/clean.py'), executable('w/clean.py', true)],
      ...[executable('ping/ran.py', true), executable('w/clean.py::tidy')]
    ];
    const { own, used: near, rest } = groupsOf('w/f.nbflow', files, used, known);
    expect(shown(own)).toEqual(['clean.py', 'x.csv, data', 'clean, w · 1 in']);
    expect(own.map(({ isFile }) => !!isFile)).toEqual([false, true, false]);
    expect(shown(near)).toEqual(['iris', 'draw.py, lib', 'x.csv, w/data']);
    expect(shown(rest)).toEqual(['weather', 'top, /', 'clean, ping · 1 in']);
  });

  it('knows what other workflows of the folder use', async () => {
    const nodes = {
      one: { type: 'dataset', dataset: 'd1', label: 'Sales' },
      two: { type: 'executable', path: '../lib/draw.py' },
      odd: { type: 'executable' }
    };
    const text = JSON.stringify({ version: 1, nodes });
    const { contents } = contentsWith([], { 'w/g.nbflow': text, 'w/bad.nbflow': '<<<' });
    const doc = { toJSON: () => ({ nodes: {} }) } as never;
    const around = [...files, 'w/g.nbflow', 'w/bad.nbflow'];
    const rows = await usedRows({ contents, doc, path: 'w/f.nbflow' }, around);
    expect(rows).toEqual([
      { type: 'dataset', id: 'd1', name: 'Sales' },
      expect.objectContaining({ type: 'executable', path: 'lib/draw.py', folder: 'lib' })
    ]);
  });
});
