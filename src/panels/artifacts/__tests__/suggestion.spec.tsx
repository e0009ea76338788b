import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, json, settled } from '../../../api/__tests__/fake';
import { useSuggestion } from '../suggestion';

function open(wanted: string, taken: Record<string, string>) {
  const asked: string[] = [];
  const client = fakeClient((_, url) => {
    const name = new URL(url).searchParams.get('name')!;
    asked.push(name);
    if (/^\d+$/.test(name)) {
      const details = [{ path: 'name', message: 'may not be a number' }];
      return json(422, { code: 'invalid', message: 'name', details });
    }
    return taken[name] ? { name: taken[name], taken: `There is ${name}.` } : { name, taken: '' };
  });
  function Field() {
    const { isAwaited, name, setName, taken: why, free, refused } = useSuggestion(client, wanted);
    return (
      <>
        <input value={name} required={!isAwaited} onChange={event => setName(event.target.value)} />
        <output>{[why, free].join('|')}</output>
        <button onClick={() => refused('Somebody was faster.')} />
      </>
    );
  }
  render(<Field />);
  const field = screen.getByRole<HTMLInputElement>('textbox');
  const said = () => screen.getByRole('status').textContent;
  const wait = (milliseconds = 0) =>
    act(async () => {
      jest.advanceTimersByTime(milliseconds);
      await settled();
    });
  const type = (value: string) => act(() => void fireEvent.change(field, { target: { value } }));
  return { asked, field, said, type, wait };
}

describe('A5: a name for something new', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] }));
  afterEach(() => {
    cleanup();
    jest.useRealTimers();
  });

  it('is free at first, and what is typed is asked about once the hand rests', async () => {
    const { asked, field, said, type, wait } = open('fit', { fit: 'fit 2', old: 'old 2' });
    expect(field.required).toBe(false); // a form that is sent at once takes the wanted name
    await wait();
    expect(field.value).toBe('fit 2');
    expect(field.required).toBe(true);
    expect(said()).toBe('|');
    type('o');
    type('old');
    await wait(100);
    expect(asked).toEqual(['fit']);
    await wait(200);
    expect(asked).toEqual(['fit', 'old']);
    expect(said()).toBe('There is old.|old 2');
    type('older');
    expect(said()).toBe('|');
  });

  it('says what a name may not be, and what the server refused', async () => {
    const { said, type, wait } = open('fit', {});
    await wait();
    type('12');
    await wait(300);
    expect(said()).toBe('may not be a number|');
    type(' ');
    await wait(300);
    expect(said()).toBe('|');
    act(() => screen.getByRole('button').click());
    expect(said()).toBe('Somebody was faster.|');
    await wait();
    expect(said()).toBe('|'); // it is free again
  });
});
