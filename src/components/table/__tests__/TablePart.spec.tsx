import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { IShownPart, PartedTable, TablePartChoice } from '../TablePart';

const trans = nullTranslator.load('nbyard');
const column = { name: 'a', type: 'int' };

describe('D6: parts of a table', () => {
  const shown = (part: Omit<IShownPart, 'columns'>, columns: number) => {
    const onChange = jest.fn();
    const props = { onChange, trans, shown: { ...part, columns: Array(columns).fill(column) } };
    return { onChange, ...render(<TablePartChoice {...props} />) };
  };

  it('need no choice where all is shown', () => {
    const { container } = shown({ column_count: 2, sheets: ['One'] }, 2);
    expect(container.childElementCount).toBe(0);
  });

  it('are the sheets of an Excel file', () => {
    const { onChange } = shown({ column_count: 1, sheet: 'One', sheets: ['One', 'Two'] }, 1);
    const sheet = screen.getByLabelText('Sheet');
    expect(sheet).toHaveProperty('value', 'One');
    fireEvent.change(sheet, { target: { value: 'Two' } });
    expect(onChange).toHaveBeenCalledWith({ sheet: 'Two' });
  });

  it('are 500 columns, before and after which there are more', () => {
    const { onChange } = shown({ column_count: 1200, column_offset: 500, sheet: '' }, 500);
    expect(screen.getByRole('status').textContent).toBe('Columns 501 to 1,000 of 1,200');
    fireEvent.click(screen.getByText('Next Columns'));
    expect(onChange).toHaveBeenLastCalledWith({ sheet: '', column_offset: 1000 });
    fireEvent.click(screen.getByText('Previous Columns'));
    expect(onChange).toHaveBeenLastCalledWith({ sheet: '', column_offset: 0 });
  });

  it('end with the last column', () => {
    shown({ column_count: 1200, column_offset: 1000 }, 200);
    expect(screen.getByText('Next Columns')).toHaveProperty('disabled', true);
  });

  it('are asked for when they are chosen', async () => {
    const load = jest.fn(async (_offset: number, _limit: number, { sheet = 'One' }) => ({
      columns: [{ name: `a of ${sheet}`, type: 'int' }],
      ...{ offset: 0, total: 0, rows: [], column_count: 1, sheet, sheets: ['One', 'Two'] }
    }));
    render(<PartedTable label="rows" load={load} trans={trans} />);
    fireEvent.change(await screen.findByLabelText('Sheet'), { target: { value: 'Two' } });
    await screen.findByText('a of Two');
    expect(load).toHaveBeenLastCalledWith(0, 100, { sheet: 'Two' });
  });
});
