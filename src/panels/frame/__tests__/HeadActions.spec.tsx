import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { fireEvent, render, screen } from '@testing-library/react';
import { HeadActions } from '../HeadActions';

const trans = nullTranslator.load('nbyard');

function draw(...ids: string[]) {
  const commands = new CommandRegistry();
  const execute = jest.fn();
  for (const id of ids) {
    commands.addCommand(id, {
      label: id.replace('nbyard:', ''),
      execute: args => execute(id, args)
    });
  }
  render(<HeadActions commands={commands} ids={ids} args={{ id: 'x' }} trans={trans} />);
  return execute;
}

describe('the actions of a page', () => {
  it('have a command that deletes in a menu, which the keyboard reaches', async () => {
    const execute = draw('nbyard:edit-thing', 'nbyard:delete-thing');
    expect(screen.queryByText('delete-thing')).toBeNull();
    const more = screen.getByRole('button', { name: 'More Actions' });
    fireEvent.click(more, { detail: 0 });
    const entry = await screen.findByRole('menuitem', { name: 'delete-thing' });
    expect(entry.classList.contains('lm-mod-active')).toBe(true);
    fireEvent.keyDown(entry, { key: 'Enter', keyCode: 13 });
    expect(execute).toHaveBeenCalledWith('nbyard:delete-thing', { id: 'x' });
    expect(document.activeElement).toBe(more);
  });

  it('have no menu if nothing can be deleted', () => {
    draw('nbyard:edit-thing');
    expect(screen.getAllByRole('button')).toHaveLength(1);
  });
});
