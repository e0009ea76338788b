/** The dialog of notice channels. */
import { Dialog } from '@jupyterlab/apputils';
import { Channel } from '../../api/types';
import { FormBody } from '../../forms/FormBody';
import { launch } from '../frame/dialogs/launch';
import { IPanelServices } from '../frame/services';
import { askChannel } from './askChannel';
import { ChannelList } from './ChannelList';

export const channelActions = {
  /** Show, create, test, edit and delete notice channels. */
  showChannels: async (services: IPanelServices): Promise<void> => {
    const { trans } = services;
    await launch((leave, focus = '.nby-Channels button') => {
      const edit = (known?: Channel) => {
        let row = known;
        const ask = async () => (row = (await askChannel(services, { known })) ?? row);
        leave(ask, () =>
          row ? `[data-id="${row.id}"] .nby-Channel-edit` : '.nby-Channels > button'
        );
      };
      return {
        title: trans.__('Notifications'),
        body: new FormBody(<ChannelList services={services} onEdit={edit} />, focus),
        buttons: [Dialog.cancelButton({ label: trans.__('Close') })],
        focusNodeSelector: focus
      };
    });
  }
};
