import { IPanelServices } from './services';

interface IEnabledSwitchProps {
  services: IPanelServices;
  noun: 'schedule' | 'trigger';
  item: { readonly id: string; readonly is_enabled: boolean };
}

/** The switch of a row that enables or disables its item. */
export function EnabledSwitch({ services, noun, item }: IEnabledSwitchProps): JSX.Element {
  const { commands, trans } = services;
  const command = `nbyard:${item.is_enabled ? 'disable' : 'enable'}-${noun}`;
  return (
    <button
      type="button"
      role="switch"
      className="nby-Switch"
      tabIndex={-1}
      aria-label={trans.__('Enabled')}
      aria-checked={item.is_enabled}
      title={commands.label(command)}
      onClick={event => {
        event.stopPropagation();
        void commands.execute(command, { id: item.id });
      }}
    />
  );
}
