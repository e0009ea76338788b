import { act, fireEvent, render, screen } from '@testing-library/react';
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

  it('shows the best match of each group first, and what the server finds', async () => {
    jest.useFakeTimers();
    const far = { id: '4', label: 'clean', detail: 'ping', group: 1 };
    const own = [
      { id: '1', label: 'preclean.py' },
      { id: '2', label: 'clean.py' }
    ];
    const search = jest.fn(async () => [far, own[0]]);
    const onDone = jest.fn();
    render(<Picker title="Pick" items={own} search={search} nothing="None" onDone={onDone} />);
    const input = screen.getByRole('combobox');
    const type = async (value: string) => {
      fireEvent.change(input, { target: { value } });
      await act(async () => void (await jest.advanceTimersByTimeAsync(300)));
    };
    await type('clean');
    const texts = screen.getAllByRole('option').map(({ textContent }) => textContent);
    expect(texts).toEqual(['clean.py', 'preclean.py', 'cleanping']);
    await type('zzz');
    fireEvent.keyDown(input, { key: 'Enter' });
    expect(onDone).not.toHaveBeenCalled();
    await type('clean');
    fireEvent.keyDown(input, { key: 'Enter' });
    expect(onDone).toHaveBeenCalledWith(own[1]);
    jest.useRealTimers();
  });

  it('Escape and leaving give up', () => {
    const { onDone, input } = open();
    fireEvent.keyDown(input, { key: 'Escape' });
    fireEvent.blur(input);
    expect(onDone.mock.calls).toEqual([[undefined], [undefined]]);
  });
});
