import { download } from '../../api/addresses';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';

/** Download an executable as a file. */
export function exportExecutable(services: IPanelServices, executable: string): Promise<unknown> {
  return reportFailure(services, services.trans.__('Not exported.'), async () => {
    const { filename, text } = await services.yard.client.call('executables.export', {
      path: { executable }
    });
    const address = URL.createObjectURL(new Blob([text]));
    download(address, filename);
    URL.revokeObjectURL(address);
  });
}
