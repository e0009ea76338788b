import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';

/** Download an executable as a file. */
export function exportExecutable(services: IPanelServices, executable: string): Promise<unknown> {
  return reportFailure(services, services.trans.__('Not exported.'), async () => {
    const { filename, text } = await services.yard.client.call('executables.export', {
      path: { executable }
    });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text]));
    link.download = filename;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
