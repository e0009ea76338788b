import { IArgument } from '../../../document/arguments';
import { itemsOf } from '../../artifacts/ChooseInput';
import { changed, withDefaultPaths } from '../runInBackground';

const field = (name: string, part: Partial<IArgument>): IArgument => ({
  name,
  role: 'value',
  type: 'string',
  format: '',
  ...part
});

describe('the defaults of the form', () => {
  const fields = [
    field('table', { role: 'input', default: 'a.csv', required: true }),
    field('model', { role: 'input', default: 'gone.joblib' }),
    field('seed', { type: 'int', default: 7 }),
    field('names', { type: 'list', default: ['x'] })
  ];

  it('are files only where they exist, as paths below the root', async () => {
    const found = await withDefaultPaths(fields, 'birds', async path => path === 'birds/a.csv');
    expect(found.map(one => one.default)).toEqual(['birds/a.csv', undefined, 7, ['x']]);
  });

  it('are not sent again, but for inputs', () => {
    const values = { table: 'a.csv', seed: 7, names: ['x'] };
    expect(changed(fields, values)).toEqual({ table: 'a.csv' });
    expect(changed(fields, { ...values, seed: 8, names: [] })).toEqual({
      table: 'a.csv',
      seed: 8,
      names: []
    });
  });
});

describe('what can be chosen for an input', () => {
  const file = (path: string, type = 'file') => ({ path, name: path.split('/').pop()!, type });
  const files = [file('d/z.txt'), file('d/b.csv'), file('d/sub', 'directory'), file('d/.x.csv')];

  it('is first what fits, then data, then other files and folders', () => {
    const names = [['birds', 'dataset']] as const;
    const words = { file: 'file', folder: 'folder' };
    const items = itemsOf(files as never, 'd', names, 'csv', words);
    expect(items.map(({ id, detail }) => `${id} ${detail}`)).toEqual([
      'file:d/b.csv file',
      'data:birds dataset',
      'file:d/z.txt file',
      'folder: folder',
      'folder:d/sub folder'
    ]);
  });
});
