import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { DataTable } from '../DataTable';

const trans = nullTranslator.load('nbyard');
const page = async () => ({
  columns: [{ name: 'a', type: 'int' }],
  offset: 0,
  total: 1,
  rows: [[7]]
});

describe('the preview of a table', () => {
  afterEach(() => document.documentElement.removeAttribute('style'));

  it.each([
    ['', '24px'],
    ['13px', '24px'],
    ['20px', '37px']
  ])('has rows in proportion to the font size of the interface: %s', async (size, height) => {
    document.documentElement.style.setProperty('--jp-ui-font-size1', size);
    render(<DataTable label="rows" load={page} onSort={() => undefined} trans={trans} />);
    const cell = await screen.findByText('7');
    expect(cell.closest('tr')!.style.height).toBe(height);
  });

  it('shows the columns that are found, and says so', async () => {
    const wide = async () => ({
      columns: ['age', 'Wage', 'x'].map(name => ({ name, type: 'int' })),
      ...{ offset: 0, total: 1, rows: [[1, 2, 3]] }
    });
    const props = { label: 'rows', load: wide, onSort: () => undefined, trans };
    render(<DataTable {...props} find="AGE " />);
    await screen.findByText('2');
    expect(screen.getAllByRole('cell').map(cell => cell.textContent)).toEqual(['1', '2']);
    expect(screen.getByRole('status').textContent).toContain('2 shown');
  });

  it('sorts all rows by a column up, down, and no more', async () => {
    const onSort = jest.fn();
    const props = { label: 'rows', load: page, onSort, trans };
    const { rerender } = render(<DataTable {...props} />);
    await screen.findByText('7');
    for (const [next, order] of [
      ['+a', 'ascending'],
      ['-a', 'descending'],
      ['', null]
    ]) {
      fireEvent.click(screen.getByRole('button', { name: /a/ }));
      expect(onSort).toHaveBeenLastCalledWith(next);
      rerender(<DataTable {...props} sort={next!} />);
      expect(screen.getByRole('columnheader', { name: /a/ }).getAttribute('aria-sort')).toBe(order);
    }
  });
});
