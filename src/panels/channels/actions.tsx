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
    await launch((leave, focus = 'button') => {
      const edit = (known?: Channel) => leave(() => askChannel(services, { known }));
      return {
        title: trans.__('Notifications'),
        body: new FormBody(<ChannelList services={services} onEdit={edit} />, focus),
        buttons: [Dialog.cancelButton({ label: trans.__('Close') })],
        focusNodeSelector: `.nby-Channels ${focus}`
      };
    });
  }
};
