/** The dialog of notice channels. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { FormBody } from '../../forms/FormBody';
import { IPanelServices } from '../frame/services';
import { ChannelList } from './ChannelList';

export const channelActions = {
  /** Show, create, test, edit and delete notice channels. */
  showChannels: async (services: IPanelServices): Promise<void> => {
    const { trans } = services;
    await showDialog({
      title: trans.__('Notifications'),
      body: new FormBody(<ChannelList services={services} />, 'button'),
      buttons: [Dialog.cancelButton({ label: trans.__('Close') })],
      focusNodeSelector: '.nby-Channels button'
    });
  }
};
