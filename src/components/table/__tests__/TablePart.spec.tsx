import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { IShownPart, PartedTable, TablePartChoice } from '../TablePart';

const trans = nullTranslator.load('nbyard');
const column = { name: 'a', type: 'int' };

describe('D6: parts of a table', () => {
  const shown = (part: Omit<IShownPart, 'columns'>, columns: number) => {
    const onChange = jest.fn();
    const found = { find: '', onFind: () => undefined };
    const props = {
      ...found,
      onChange,
      trans,
      shown: { ...part, columns: Array(columns).fill(column) }
    };
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

  it('keep the head, its focus and their order while sorted rows load', async () => {
    const asked: unknown[] = [];
    const load = jest.fn(async (_offset: number, _limit: number, part: object) => {
      asked.push(part);
      const columns = [{ name: 'a', type: 'int' }];
      return { columns, offset: 0, total: 1, rows: [[10 * asked.length]], column_count: 1 };
    });
    render(<PartedTable label="rows" load={load} trans={trans} />);
    await screen.findByText('10');
    const head = screen.getByRole('button', { name: /a/ });
    head.focus();
    fireEvent.click(head);
    expect(document.activeElement).toBe(head);
    await screen.findByText('20');
    expect(document.activeElement).toBe(head);
    expect(asked).toEqual([{}, { sort: '+a' }]);
  });

  it('offer to find one of many columns', () => {
    const names = 'abcdefg'.split('').map(name => ({ name, type: 'int' }));
    const onFind = jest.fn();
    const props = { shown: { columns: names }, find: '', onFind, onChange: jest.fn(), trans };
    render(<TablePartChoice {...props} />);
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'b' } });
    expect(onFind).toHaveBeenCalledWith('b');
  });
});
