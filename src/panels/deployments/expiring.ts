/** Reminders of deployments that soon reach the lifetime of the user's quota. */
import { Notification } from '@jupyterlab/apputils';
import { Deployment } from '../../api/types';
import { showMoment } from '../../components/format/times';
import { IPanelServices } from '../frame/services';

/** The notifications of this page, by deployment and the end of its lifetime. */
const shown = new Map<string, string>();

/** Show a notification for each of them, once, and remove those of extended ones. */
export function remind({ commands, trans }: IPanelServices, expiring: readonly Deployment[]): void {
  const keyOf = ({ id, expires_at }: Deployment) => `${id} ${expires_at}`;
  const keys = expiring.map(keyOf);
  for (const [key, notification] of shown) {
    if (!keys.includes(key)) {
      Notification.dismiss(notification);
      shown.delete(key);
    }
  }
  for (const deployment of expiring.filter(each => !shown.has(keyOf(each)))) {
    const { id, title, name, expires_at } = deployment;
    const act = (command: string) => () => void commands.execute(command, { id });
    const text = trans.__(
      'The deployment “%1” stops at %2, at the end of its lifetime.',
      title || name,
      showMoment(expires_at)
    );
    const actions = [
      { label: trans.__('Extend'), callback: act('nbyard:extend-deployment') },
      { label: trans.__('Open'), callback: act('nbyard:open-deployment') }
    ];
    shown.set(keyOf(deployment), Notification.warning(text, { actions, autoClose: false }));
  }
}
