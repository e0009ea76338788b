import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { RowList } from '../RowList';

afterEach(cleanup);

interface IMarksProps {
  onSelect?: (item: string) => void;
  compare?: () => void;
}

function Marks({ onSelect, compare }: IMarksProps): JSX.Element {
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  return (
    <RowList
      label="Letters"
      noun="letter"
      items={['a', 'b', 'c', 'd']}
      idOf={item => item}
      nameOf={item => item}
      render={item => item}
      marked={marked}
      onMark={setMarked}
      keys={compare && { c: compare }}
      onSelect={onSelect}
    />
  );
}

const row = (name: string) => screen.getByText(name).closest('.nby-Row') as HTMLElement;
const marks = () =>
  screen
    .getAllByRole('row')
    .filter(one => one.getAttribute('aria-selected') === 'true')
    .map(({ dataset }) => dataset.id)
    .join('');
const press = (key: string, more = {}) =>
  fireEvent.keyDown(document.activeElement!, { key, ...more });

describe('rows that are selected together', () => {
  it('are selected by Space, which goes to the next row', () => {
    render(<Marks />);
    act(() => row('a').focus());
    press(' ');
    press(' ');
    expect(marks()).toBe('ab');
    expect(document.activeElement).toBe(row('c'));
    act(() => row('a').focus());
    press(' ');
    expect(marks()).toBe('b');
    press('Escape');
    expect(marks()).toBe('');
  });

  it('are extended by Shift with an arrow', () => {
    render(<Marks />);
    act(() => row('b').focus());
    press('ArrowDown', { shiftKey: true });
    expect(marks()).toBe('bc');
    press('ArrowUp');
    expect(marks()).toBe('bc');
    act(() => row('a').focus());
    press('ArrowUp', { shiftKey: true });
    expect(marks()).toBe('abc');
  });

  it('are selected with Ctrl and Shift by the pointer', () => {
    const onSelect = jest.fn();
    render(<Marks onSelect={onSelect} />);
    fireEvent.click(row('d'), { ctrlKey: true });
    act(() => row('b').focus());
    fireEvent.mouseDown(row('c'), { shiftKey: true });
    fireEvent.click(row('c'), { shiftKey: true });
    expect(marks()).toBe('bcd');
    fireEvent.click(row('d'), { metaKey: true });
    expect(marks()).toBe('bc');
    expect(onSelect).not.toHaveBeenCalled();
    fireEvent.click(row('a'));
    expect(onSelect).toHaveBeenCalledWith('a');
  });

  it('begin with the row that was clicked, and a click starts anew', () => {
    render(<Marks />);
    fireEvent.click(row('b'));
    expect(marks()).toBe('b');
    fireEvent.click(row('d'), { ctrlKey: true });
    expect(marks()).toBe('bd');
    fireEvent.click(row('b'), { ctrlKey: true });
    expect(marks()).toBe('d');
    fireEvent.click(row('a'));
    expect(marks()).toBe('a');
    fireEvent.click(row('a'), { ctrlKey: true });
    fireEvent.click(row('c'), { ctrlKey: true });
    expect(marks()).toBe('ac');
    act(() => row('c').focus());
    press('Escape');
    expect(marks()).toBe('');
  });

  it('have keys before type-ahead', () => {
    const compare = jest.fn();
    render(<Marks compare={compare} />);
    act(() => row('a').focus());
    press('c');
    expect(compare).toHaveBeenCalledTimes(1);
    expect(document.activeElement).toBe(row('a'));
    press('d');
    expect(document.activeElement).toBe(row('d'));
  });
});

it('brings a row into view that is chosen elsewhere', () => {
  const seen: string[] = [];
  HTMLElement.prototype.scrollIntoView = function (this: HTMLElement) {
    seen.push(this.dataset.id!);
  };
  const list = (selected?: string) => (
    <RowList
      label="Letters"
      noun="letter"
      items={['a', 'b']}
      idOf={item => item}
      nameOf={item => item}
      render={item => item}
      selected={selected}
    />
  );
  const { rerender } = render(list());
  rerender(list('b'));
  expect(seen).toEqual(['b']);
});

it('H2: deletes and renames only what the role of the user allows', () => {
  const items = ['owner', 'editor', 'viewer', undefined].map(role => ({ id: `a ${role}`, role }));
  const [onDelete, onRename] = [jest.fn(), jest.fn()];
  render(
    <RowList
      label="Letters"
      noun="letter"
      idOf={({ id }) => id}
      nameOf={({ id }) => id}
      render={({ id }) => id}
      {...{ items, onDelete, onRename }}
    />
  );
  for (const { id, role } of items) {
    act(() => row(id).focus());
    press('Delete');
    press('F2');
    expect(row(id).dataset.role).toBe(role); // which context menus select
  }
  const ids = (done: jest.Mock) => done.mock.calls.map(([{ id }]) => id);
  expect(ids(onDelete)).toEqual(['a owner', 'a undefined']);
  expect(ids(onRename)).toEqual(['a owner', 'a editor', 'a undefined']);
});
