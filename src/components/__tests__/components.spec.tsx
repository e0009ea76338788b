import { fireEvent, render, screen } from '@testing-library/react';
import { readBytes, showBytes, showMemory } from '../format/bytes';
import { Picker } from '../Picker';

describe('sizes', () => {
  it.each([
    ['512 MiB', 536870912],
    ['2GB', 2_000_000_000],
    ['1.5 GiB', 1610612736],
    ['4096', 4096],
    ['10 k', 10_000]
  ])('reads %s', (text, bytes) => expect(readBytes(text)).toBe(bytes));

  it('refuses what is no size, and shows what it read', () => {
    expect(readBytes('much')).toBeUndefined();
    expect(readBytes('')).toBeUndefined();
    expect(showMemory(1610612736)).toBe('1.5 GiB');
    expect(showBytes(632_300_000)).toBe('632.3 MB');
    expect(showBytes(12)).toBe('12 B');
  });
});

describe('K2: choosing from a list by keyboard', () => {
  const items = [
    { id: '1', label: 'clean', detail: 'notebook' },
    { id: '2', label: 'train', detail: 'notebook' },
    { id: '3', label: 'sales', detail: 'csv' }
  ];
  function open() {
    const onDone = jest.fn();
    render(<Picker title="Pick" items={items} nothing="None" onDone={onDone} />);
    return { onDone, input: screen.getByRole('combobox') };
  }

  it('arrows move, Enter takes', () => {
    const { onDone, input } = open();
    expect(document.activeElement).toBe(input);
    fireEvent.keyDown(input, { key: 'ArrowDown' });
    fireEvent.keyDown(input, { key: 'Enter' });
    expect(onDone).toHaveBeenCalledWith(items[1]);
  });

  it('typing narrows', () => {
    const { onDone, input } = open();
    fireEvent.change(input, { target: { value: 'CSV' } });
    expect(screen.getAllByRole('option')).toHaveLength(1);
    fireEvent.keyDown(input, { key: 'Enter' });
    expect(onDone).toHaveBeenCalledWith(items[2]);
    fireEvent.change(input, { target: { value: 'zzz' } });
    expect(screen.getByText('None')).toBeTruthy();
  });

  it('Escape and leaving give up', () => {
    const { onDone, input } = open();
    fireEvent.keyDown(input, { key: 'Escape' });
    fireEvent.blur(input);
    expect(onDone.mock.calls).toEqual([[undefined], [undefined]]);
  });
});
