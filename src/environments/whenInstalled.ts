import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Collection } from '../api/collection';
import { Environment } from '../api/types';
import { IYard } from '../api/yard';
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

const USE = 'nbyard:use-environment';

interface IServices {
  yard: Pick<IYard, 'environments'>;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** Show a new version; once it is installed, offer it to the open notebook. */
export function followInstallation(services: IServices, made: Environment): void {
  const { yard, commands, trans } = services;
  const { id, name } = made;
  yard.environments.put(made);
  const offer = () =>
    Notification.success(trans.__('“%1” is installed.', name), {
      autoClose: 15_000,
      actions: commands.isEnabled(USE, { id })
        ? [
            {
              label: commands.label(USE),
              caption: commands.caption(USE),
              callback: () => void commands.execute(USE, { id })
            }
          ]
        : []
    });
  // the list and the view of the environment show a failure
  void whenInstalled(yard.environments, made, trans).then(offer, () => undefined);
}
