import { TranslationBundle } from '@jupyterlab/translation';
import { Collection } from '../api/collection';
import { Environment } from '../api/types';
import { isUnderWay } from './texts';
import { reasonText } from '../reasons';

/**
 * Wait until the newest version of an environment is installed.
 *
 * @throws the installer's message when it fails, or when the environment is deleted meanwhile.
 */
export async function whenInstalled(
  environments: Pick<Collection<Environment>, 'changed' | 'find' | 'put' | 'start'>,
  made: Environment,
  trans: TranslationBundle
): Promise<void> {
  await environments.start();
  const { number } = made.current;
  if ((environments.find(made.id)?.current.number ?? 0) < number) {
    environments.put(made);
  }
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      const current = environments.find(made.id)?.current;
      if (current && isUnderWay(current)) {
        return;
      }
      environments.changed.disconnect(look);
      if (current?.state === 'ready') {
        resolve();
      } else {
        const reason = reasonText(current?.reason, trans);
        reject(new Error(reason || trans.__('The packages were not installed.')));
      }
    };
    environments.changed.connect(look);
    look();
  });
}
