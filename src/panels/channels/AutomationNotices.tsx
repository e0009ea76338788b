import { useEffect } from 'react';
import { Channel, AutomationNotice } from '../../api/types';
import { CheckBox, LinkButton } from '../../components/Button';
import { useSignal } from '../../components/hooks/useSignal';
import { FieldError } from '../../components/text/messages';
import { Leave } from '../frame/dialogs/launch';
import { IPanelServices } from '../frame/services';
import { askChannel } from './askChannel';
import { channelsOf } from './collection';
import { USUAL_EVENTS } from './events';

interface IAutomationNoticesProps {
  services: IPanelServices;
  notify: readonly AutomationNotice[];
  error?: string;
  onChange: (notify: AutomationNotice[]) => void;
  leave: Leave;
}

/** The channels of an automation: one click for each, and a dialog for a new one. */
export function AutomationNotices(props: IAutomationNoticesProps): JSX.Element {
  const { services, notify, error, onChange, leave } = props;
  const { yard, trans } = services;
  const channels = channelsOf(yard);
  useEffect(() => void channels.start(), [channels]);
  const items = useSignal(channels.changed, () => channels.items);
  const add = (channel: string) => onChange([...notify, { channel, events: [...USUAL_EVENTS] }]);
  const create = () => {
    let made: Channel | undefined;
    const ask = async () => {
      made = await askChannel(services, { forAutomation: true });
      if (made) {
        add(made.name);
      }
    };
    leave(ask, () => `.nby-Events ${made ? `[value="${made.id}"]` : 'button'}`);
  };
  const drop = (channel: string) => onChange(notify.filter(rule => rule.channel !== channel));
  const reportSuccess = (changed: AutomationNotice, isReported: boolean) => {
    const others = (changed.events ?? USUAL_EVENTS).filter(event => event !== 'succeeded');
    const events = isReported ? [...others, 'succeeded' as const] : others;
    onChange(notify.map(rule => (rule === changed ? { ...rule, events } : rule)));
  };
  return (
    <fieldset className="nby-Events">
      <legend>{trans.__('Notify if it fails, recovers or does not start')}</legend>
      {items.map(({ id, name, service }) => {
        const rule = notify.find(({ channel }) => channel === name);
        return (
          <div key={id}>
            <CheckBox
              value={id}
              checked={!!rule}
              onChange={checked => (checked ? add(name) : drop(name))}
            >
              {name} <span className="nby-Field-help">{service}</span>
            </CheckBox>
            {rule && (
              <CheckBox
                checked={!!rule.events?.includes('succeeded')}
                onChange={checked => reportSuccess(rule, checked)}
              >
                {trans.__('also if it succeeds')}
              </CheckBox>
            )}
          </div>
        );
      })}
      <p className="nby-Field-help">
        {trans.__('JupyterLab itself also shows failed runs, at the latest when you open it.')}
      </p>
      <FieldError>{error}</FieldError>
      <LinkButton onClick={create}>{trans.__('New Channel…')}</LinkButton>
    </fieldset>
  );
}
