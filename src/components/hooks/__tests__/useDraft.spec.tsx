import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { recall } from '../sessionMemory';
import { DraftOwner, useDraft, useForgetDraft } from '../useDraft';

interface ITyped {
  name: string;
  password?: string;
}

function Form(): JSX.Element {
  const [typed, setTyped] = useDraft<ITyped>(
    'form',
    () => ({ name: 'first' }),
    ({ name }) => ({ name })
  );
  const forget = useForgetDraft();
  return (
    <>
      <input
        aria-label="name"
        value={typed.name}
        onChange={event => setTyped({ name: event.target.value, password: 'hush' })}
      />
      <button onClick={() => forget('form')}>Send</button>
    </>
  );
}

function shown(owner: string): HTMLInputElement {
  cleanup();
  render(
    <DraftOwner.Provider value={owner}>
      <Form />
    </DraftOwner.Provider>
  );
  return screen.getByLabelText('name');
}

beforeEach(() => sessionStorage.clear());

describe('drafts of forms', () => {
  it('come back with what was typed, and without what is secret', () => {
    fireEvent.change(shown('view-1'), { target: { value: 'typed' } });
    expect(shown('view-1').value).toBe('typed');
    expect(JSON.stringify({ ...sessionStorage })).not.toContain('hush');
  });

  it('belong to one view, and are kept once something was typed', () => {
    shown('view-1');
    expect(recall('view-1/form')).toBeUndefined();
    fireEvent.change(shown('view-1'), { target: { value: 'typed' } });
    expect(shown('view-2').value).toBe('first');
  });

  it('go once the form was sent', () => {
    fireEvent.change(shown('view-1'), { target: { value: 'typed' } });
    fireEvent.click(screen.getByText('Send'));
    expect(shown('view-1').value).toBe('first');
  });

  it('are not kept outside of views', () => {
    fireEvent.change(shown(''), { target: { value: 'typed' } });
    expect(shown('').value).toBe('first');
    expect(sessionStorage).toHaveLength(0);
  });

  it('are left out where the storage is full or holds something else', () => {
    sessionStorage.setItem('nbyard:kept:view-1/form', '{broken');
    expect(shown('view-1').value).toBe('first');
    const full = jest.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new Error('full');
    });
    fireEvent.change(shown('view-1'), { target: { value: 'typed' } });
    expect((screen.getByLabelText('name') as HTMLInputElement).value).toBe('typed');
    full.mockRestore();
  });
});
