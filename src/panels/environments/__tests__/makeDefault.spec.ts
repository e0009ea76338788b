import { Environment } from '../../../api/types';
import { nullTranslator } from '@jupyterlab/translation';
import { IPanelServices } from '../../frame/services';
import { environmentActions } from '../actions';

it('makes an environment the default of the active project', async () => {
  const call = jest.fn().mockResolvedValue({ items: [] });
  const services = {
    trans: nullTranslator.load('nbyard'),
    yard: {
      client: { call, project: 'p1' },
      environments: { find: () => ({ id: 'e1', name: 'cows' }) as Environment }
    }
  } as unknown as IPanelServices;
  await environmentActions.makeDefault(services, ['e1']);
  expect(call).toHaveBeenCalledWith('environments.set_default', {
    body: { environment: 'e1', project: 'p1' }
  });
});
