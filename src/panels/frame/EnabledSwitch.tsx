import { IPanelServices } from './services';

interface IEnabledSwitchProps {
  services: IPanelServices;
  noun: 'schedule' | 'trigger';
  item: { readonly id: string; readonly is_enabled: boolean };
  /** Nothing is left to start: the switch is off, and cannot be used. */
  isFinished?: boolean;
}

/** The switch of a row that enables or disables its item. */
export function EnabledSwitch(props: IEnabledSwitchProps): JSX.Element {
  const { services, noun, item, isFinished } = props;
  const { commands, trans } = services;
  const command = `nbyard:${item.is_enabled ? 'disable' : 'enable'}-${noun}`;
  return (
    <button
      type="button"
      role="switch"
      className="nby-Switch"
      tabIndex={-1}
      aria-label={trans.__('Enabled')}
      aria-checked={item.is_enabled && !isFinished}
      disabled={isFinished}
      title={isFinished ? trans.__('finished') : commands.label(command)}
      onClick={event => {
        event.stopPropagation();
        void commands.execute(command, { id: item.id });
      }}
    />
  );
}
