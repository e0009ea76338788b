import { CommandRegistry } from '@lumino/commands';
import { render, screen } from '@testing-library/react';
import { CommandButton } from '../CommandButton';

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
