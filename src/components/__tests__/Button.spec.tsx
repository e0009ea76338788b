import { CommandRegistry } from '@lumino/commands';
import { fireEvent, render, screen } from '@testing-library/react';
import { Button, CommandButton, LinkButton } from '../Button';

function commandsWith(isEnabled: boolean): CommandRegistry {
  const commands = new CommandRegistry();
  const options = { label: 'Retry', caption: 'Retry a run', isEnabled: () => isEnabled };
  commands.addCommand('retry', { ...options, execute: () => undefined });
  return commands;
}

describe('a button for a command', () => {
  it('has a note after the label, and may be the primary one', () => {
    render(<CommandButton commands={commandsWith(true)} id="retry" note="(Old Code)" primary />);
    const button = screen.getByRole('button', { name: 'Retry (Old Code)' });
    expect(button.classList.contains('nby-mod-primary')).toBe(true);
    expect(button.title).toBe('Retry a run');
  });

  it('says why it is disabled', () => {
    render(<CommandButton commands={commandsWith(false)} id="retry" why="Still running" />);
    expect(screen.getByRole('button', { name: 'Retry' }).title).toBe('Still running');
  });
});

describe('a button', () => {
  it('looks as asked, and does not submit its form', () => {
    const submit = jest.fn();
    render(
      <form onSubmit={submit}>
        <Button className="nby-mod-primary">Save</Button>
        <LinkButton>More</LinkButton>
      </form>
    );
    const [save, more] = ['Save', 'More'].map(name => screen.getByRole('button', { name }));
    expect([save.className, more.className]).toEqual(['nby-Button nby-mod-primary', 'nby-Link']);
    fireEvent.click(save);
    expect(submit).not.toHaveBeenCalled();
  });
});
