import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { LabIcon } from '@jupyterlab/ui-components';

export interface ICommandButtonProps {
  commands: CommandRegistry;
  id: string;
  args?: ReadonlyPartialJSONObject;
  /** Only the icon is shown; screen readers get the label. */
  bare?: boolean;
  tabIndex?: number;
}

/** A button for a command, with its label, icon and caption. */
export function CommandButton(props: ICommandButtonProps): JSX.Element | null {
  const { commands, id, args = {}, bare, tabIndex } = props;
  if (!commands.hasCommand(id) || !commands.isVisible(id, args)) {
    return null;
  }
  const icon = commands.icon(id, args);
  const label = commands.label(id, args);
  return (
    <button
      type="button"
      className={bare ? 'nby-Button nby-mod-bare' : 'nby-Button'}
      tabIndex={tabIndex}
      data-command={id}
      title={commands.caption(id, args) || label}
      aria-label={bare ? label : undefined}
      disabled={!commands.isEnabled(id, args)}
      onClick={event => {
        event.stopPropagation();
        void commands.execute(id, args);
      }}
    >
      {icon instanceof LabIcon && <icon.react tag="span" className="nby-Icon" />}
      {!bare && label}
    </button>
  );
}
