/** What the panels do while none is open; fetched once the page is restored. */
import { ICommandPalette } from '@jupyterlab/apputils';
import { followAnnouncements } from './admin/announcements';
import { IPanelServices } from './frame/services';

export function start(services: IPanelServices, palette: ICommandPalette | null): void {
  const panels = () => import('./lazy');
  services.yard.stream.events.connect(async (_, events) => {
    if (events.some(({ topic }) => topic.startsWith('environment'))) {
      (await panels()).renewKernels(services);
    }
  });
  let hasReminded = false; // then an empty list removes the reminder
  followAnnouncements(
    services,
    palette,
    async () => (await panels()).actions.openAdmin(services),
    async expiring => {
      if (expiring.length || hasReminded) {
        hasReminded = true;
        (await panels()).remind(services, expiring);
      }
    }
  );
}
