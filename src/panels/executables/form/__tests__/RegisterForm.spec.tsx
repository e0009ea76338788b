import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { DraftOwner } from '../../../../components/hooks/useDraft';
import { settled } from '../../../../api/__tests__/fake';
import { Reason } from '../../../../reasons';
import { IExecutableTarget, IPanelServices } from '../../../frame/services';
import { RegisterForm } from '../RegisterForm';

const SOURCE = {
  name: 'sort',
  kind: 'command',
  command: ['{file}'],
  arguments: [{ name: 'key', type: 'int' as const }]
};
const call = jest.fn();
const put = jest.fn();

function show(
  target: IExecutableTarget,
  kind = 'command',
  onSaved = jest.fn(),
  hints: Reason[] = []
): void {
  cleanup();
  const yard = { client: { call }, executables: { put, items: [] } };
  const services = { yard, trans: nullTranslator.load('nbyard') } as unknown as IPanelServices;
  render(
    <DraftOwner.Provider value="view">
      <RegisterForm
        services={services}
        source={{ ...SOURCE, kind, hints }}
        target={target}
        revision={1}
        onSaved={onSaved}
      />
    </DraftOwner.Provider>
  );
}

const field = (name: string) => screen.getByLabelText<HTMLInputElement>(name);
const type = (name: string, value: string) => fireEvent.change(field(name), { target: { value } });
const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name });

beforeEach(() => {
  sessionStorage.clear();
  call.mockReset().mockResolvedValue({ name: 'sort', current: { number: 2 }, examples: [] });
});

describe('the form of an executable', () => {
  it('saves only what was changed', () => {
    show({ id: 'e1' });
    expect(button('Save').disabled).toBe(true);
    type('Name', 'sort lines');
    expect(button('Save').disabled).toBe(false);
    type('Name', 'sort');
    expect(button('Save').disabled).toBe(true);
    type('Command', '{file} -r');
    expect(button('Save').disabled).toBe(false);
    show({ upload: 'u1' });
    expect(button('Register').disabled).toBe(false);
  });

  it('shows the command line as it is typed', async () => {
    jest.useFakeTimers();
    show({ upload: 'u1' });
    type('Command', '{file} -r');
    await act(async () => void (await jest.advanceTimersByTimeAsync(300)));
    const body = expect.objectContaining({ command: ['{file}', '-r'] });
    expect(call).toHaveBeenCalledWith('executables.preview', expect.objectContaining({ body }));
    jest.useRealTimers();
  });

  it('begins at the name, and hides what the code lacks once --help was read', async () => {
    show({ path: 'sort.sh' }, 'command', undefined, [{ code: 'text', params: { text: '$1' } }]);
    expect(document.activeElement).toBe(field('Name'));
    expect(screen.getByText('$1')).toBeTruthy();
    call.mockResolvedValue({ arguments: [{ name: 'key' }], hints: [] });
    await act(async () => void fireEvent.click(button('Read --help')));
    expect(screen.queryByText('$1')).toBeNull();
    show({ path: 'sort.sh' }, 'command', undefined, [{ code: 'text', params: { text: '$1' } }]);
    expect(screen.queryByText('$1')).toBeNull(); // nor after a reload
  });

  it('offers to read --help of files, uploads and registered executables', async () => {
    const targets = [{ path: 'sort.sh' }, { upload: 'u1' }, { id: 'e1' }];
    for (const target of targets) {
      show(target);
      call.mockClear().mockResolvedValue({ arguments: [], hints: [] });
      await act(async () => void fireEvent.click(button('Read --help')));
      const { id: executable, ...file } = target as IExecutableTarget;
      const body = executable ? { executable } : file;
      expect(call).toHaveBeenCalledWith('executables.help', { body });
    }
    show({ id: 'e1' }, 'notebook');
    expect(screen.queryByText('Read --help')).toBeNull();
  });

  it('comes back after a reload with what was typed, until it is saved', async () => {
    show({ upload: 'u1' });
    type('Name', 'mine');
    fireEvent.click(button('Add a Parameter'));
    type('Name of parameter 2', 'table');
    show({ upload: 'u1' });
    expect([field('Name').value, field('Name of table').value]).toEqual(['mine', 'table']);
    fireEvent.click(button('Register'));
    await act(settled);
    expect(call.mock.calls.map(([id]) => id)).toContain('executables.create');
    show({ upload: 'u1' });
    expect(field('Name').value).toBe('sort');
  });
});
