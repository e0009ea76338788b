/** Messages of administrators to all users, and the page for those who are one. */
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { Deployment } from '../../api/types';
import { IPanelServices } from '../frame/services';

const OPEN = 'nbyard:open-admin';
const TOPIC = 'broadcast';
/** The codes of changes of a deployment that are about the end of its lifetime. */
const LIFETIME = /^lifetime-/;
/** Browsers start longer timers at once. */
const LONGEST = 2 ** 31 - 1;

/** Show the message to all users as long as it is valid, also one that comes later. */
export function followAnnouncements(
  services: IPanelServices,
  palette: ICommandPalette | null,
  openPage: () => Promise<void>,
  remind: (expiring: readonly Deployment[]) => Promise<void>
): void {
  const { client, stream } = services.yard;
  let shown = '';
  let id = '';
  let timer = 0;
  const look = async () => {
    const answer = await client.call('system.announcements', {}).catch(() => undefined);
    if (!answer) {
      return; // the next connection asks again
    }
    if (answer.is_admin) {
      addPage(services, palette, openPage);
    }
    void remind(answer.expiring ?? []);
    const { broadcast } = answer;
    const key = JSON.stringify(broadcast);
    if (key === shown) {
      return; // the user may have closed it
    }
    shown = key;
    window.clearTimeout(timer);
    Notification.dismiss(id);
    id = '';
    if (broadcast) {
      id = Notification.warning(broadcast.text, { autoClose: false });
      const left = Date.parse(broadcast.until) - Date.now();
      timer = window.setTimeout(() => Notification.dismiss(id), Math.min(left, LONGEST));
    }
  };
  stream.refetch.connect(() => void look());
  stream.events.connect((_, events) => {
    if (events.some(({ topic, data }) => topic === TOPIC || LIFETIME.test(codeOf(data.change)))) {
      void look();
    }
  });
  void look();
}

function codeOf(change: unknown): string {
  return (change as { code?: string } | undefined)?.code ?? '';
}

/** Add the command of the page; for others, it does not exist. */
function addPage(
  { commands, trans }: IPanelServices,
  palette: ICommandPalette | null,
  execute: () => Promise<void>
): void {
  if (!commands.hasCommand(OPEN)) {
    commands.addCommand(OPEN, {
      label: trans.__('nbyard Administration'),
      caption: trans.__('Show runs, deployments and usage of all users'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute
    });
    palette?.addItem({ command: OPEN, category: trans.__('nbyard') });
  }
}
