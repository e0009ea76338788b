import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { LabIcon } from '@jupyterlab/ui-components';
import { ComponentProps, ReactNode } from 'react';

/** A button that does not submit its form. */
export function Button({ className, ...button }: ComponentProps<'button'>): JSX.Element {
  return <button type="button" className={classes('nby-Button', className)} {...button} />;
}

/** A button that looks like a link. */
export function LinkButton({ className, ...button }: ComponentProps<'button'>): JSX.Element {
  return <button type="button" className={classes('nby-Link', className)} {...button} />;
}

function classes(name: string, more?: string): string {
  return more ? `${name} ${more}` : name;
}

interface ICheckBoxProps extends Omit<ComponentProps<'input'>, 'onChange'> {
  onChange: (checked: boolean) => void;
  /** The label. */
  children: ReactNode;
}

/** A box that turns something on or off, with its label. */
export function CheckBox(props: ICheckBoxProps): JSX.Element {
  const { title, className, onChange, children, ...box } = props;
  return (
    <label title={title} className={className}>
      <input type="checkbox" {...box} onChange={event => onChange(event.target.checked)} />{' '}
      {children}
    </label>
  );
}

export interface ICommandButtonProps {
  commands: CommandRegistry;
  id: string;
  args?: ReadonlyPartialJSONObject;
  /** Only the icon is shown; screen readers get the label. */
  bare?: boolean;
  /** The button for the next step that is most likely. */
  primary?: boolean;
  /** Added to the label. */
  note?: string;
  /** The title while the command is disabled: why it is. */
  why?: string;
  tabIndex?: number;
}

/** A button for a command, with its label, icon and caption. */
export function CommandButton(props: ICommandButtonProps): JSX.Element | null {
  const { commands, id, args = {}, bare, primary, note, why, tabIndex } = props;
  if (!commands.hasCommand(id) || !commands.isVisible(id, args)) {
    return null;
  }
  const icon = commands.icon(id, args);
  const label = [commands.label(id, args), note].filter(Boolean).join(' ');
  const isEnabled = commands.isEnabled(id, args);
  const looks = [bare && 'nby-mod-bare', primary && 'nby-mod-primary'];
  return (
    <Button
      className={looks.filter(Boolean).join(' ')}
      tabIndex={tabIndex}
      data-command={id}
      title={(!isEnabled && why) || commands.caption(id, args) || label}
      aria-label={bare ? label : undefined}
      disabled={!isEnabled}
      onClick={event => {
        event.stopPropagation();
        void commands.execute(id, args);
      }}
    >
      {icon instanceof LabIcon && <icon.react tag="span" className="nby-Icon" />}
      {!bare && label}
    </Button>
  );
}
