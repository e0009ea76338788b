import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { AskHelp } from '../AskHelp';

const trans = nullTranslator.load('nbyard');

describe('E13: the options of a program', () => {
  async function asked(call: jest.Mock) {
    const onRead = jest.fn();
    const services = { yard: { client: { call } }, trans } as never;
    render(<AskHelp services={services} of={{ path: 'tool.sh' }} onRead={onRead} />);
    expect(call).not.toHaveBeenCalled();
    await act(async () => fireEvent.click(screen.getByRole('button')));
    expect(call).toHaveBeenCalledWith('executables.help', { body: { path: 'tool.sh' } });
    return onRead;
  }

  it('are read on a click', async () => {
    const found = { arguments: [{ name: 'top' }], hints: [{ code: 'help-to-check', params: {} }] };
    const onRead = await asked(jest.fn().mockResolvedValue(found));
    expect(onRead).toHaveBeenCalledWith(found);
    expect(screen.getByRole('status').textContent).toMatch(/Check them before you save/);
  });

  it('leave the form as it is when there are none', async () => {
    const none = { arguments: [], hints: [{ code: 'help-found-nothing', params: {} }] };
    expect(await asked(jest.fn().mockResolvedValue(none))).not.toHaveBeenCalled();
    expect(screen.getByRole('status').textContent).toMatch(/^No arguments were found/);
  });

  it('or when it cannot be started', async () => {
    const refused = jest.fn().mockRejectedValue(new Error('cannot be started'));
    expect(await asked(refused)).not.toHaveBeenCalled();
    expect(screen.getByRole('status').textContent).toBe('cannot be started');
  });
});
