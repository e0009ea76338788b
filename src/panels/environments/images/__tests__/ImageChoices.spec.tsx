import { FileDialog } from '@jupyterlab/filebrowser';
import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { Choices } from '../ImageChoices';
import { IDraft } from '../images';
import { IPanelServices } from '../../../frame/services';

const manager = { services: { contents: { localPath: (path: string) => path.split(':').pop()! } } };

function open() {
  const browser = { tracker: { currentWidget: { model: { manager } } } };
  const trans = nullTranslator.load('nbyard');
  const services = { browser, trans } as unknown as IPanelServices;
  const change = jest.fn();
  const problems = { project: 'there is no folder' };
  const draft = { recipe: {}, problems, change } as unknown as IDraft;
  render(<Choices draft={draft} services={services} />);
  return change;
}

describe('L4: files of a project in an image', () => {
  it('are those of a folder that is named', () => {
    const change = open();
    const field = screen.getByLabelText('Project folder');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    fireEvent.change(field, { target: { value: 'code' } });
    expect(change).toHaveBeenCalledWith({ project: 'code' });
  });

  it('are those of a folder that is chosen; none is kept when the dialog is left', async () => {
    const change = open();
    const ask = jest.spyOn(FileDialog, 'getExistingDirectory');
    const answer = (value: object[] | null) => ask.mockResolvedValueOnce({ value } as never);
    const button = screen.getByRole('button', { name: 'Choose…' });
    answer(null);
    fireEvent.click(button);
    await waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
    answer([{ path: 'RTC:work/code' }]);
    fireEvent.click(button);
    await waitFor(() => expect(change).toHaveBeenCalledTimes(1));
    expect(change).toHaveBeenCalledWith({ project: 'work/code' });
    answer([{ path: '' }]);
    fireEvent.click(button);
    await waitFor(() => expect(change).toHaveBeenLastCalledWith({ project: '.' }));
  });
});
