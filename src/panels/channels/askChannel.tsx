/** The dialog of one channel. */
import { Channel } from '../../api/types';
import { hidden } from '../../spelling/ShowAsCommand';
import { askUntilAccepted } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';
import { ChannelForm } from './ChannelForm';
import { channelsOf } from './collection';
import { draftOf, requestOf } from './draft';
import { sendTest } from './sendTest';

interface IAsked {
  /** The channel to edit. */
  known?: Channel;
  /** The channel is for an automation, which has its own events. */
  forAutomation?: boolean;
}

/** Return the stored channel; undefined if the user cancels. */
export function askChannel(
  services: IPanelServices,
  { known, forAutomation }: IAsked
): Promise<Channel | undefined> {
  const { yard, trans } = services;
  const draft = draftOf(known, forAutomation);
  const store = async () => {
    const request = requestOf(draft, known);
    const stored =
      request.id === 'channels.update'
        ? await yard.client.call(request.id, request.question)
        : await yard.client.call(request.id, request.question);
    channelsOf(yard).put(stored);
    return stored;
  };
  return askUntilAccepted({
    title: known ? trans.__('Edit “%1”', known.name) : trans.__('New Channel'),
    ok: trans.__('Save Channel'),
    draft,
    form: problems => (
      <ChannelForm
        services={services}
        draft={draft}
        isKnown={!!known}
        forAutomation={forAutomation}
        problems={problems}
        onTest={() => sendTest(services, { url: draft.url.trim(), channel: known?.id })}
      />
    ),
    send: store,
    spelling: {
      client: yard.client,
      request: () => requestOf({ ...draft, url: hidden(draft.url.trim()) }, known)
    },
    trans
  });
}
