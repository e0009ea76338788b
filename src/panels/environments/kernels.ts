import { codeDescribed } from '../../api/documents/codeDescribed';
import { IPanelServices } from '../frame/services';

/** The kernel of a version appears a moment after the installation. */
const TURNS = 20;
const PAUSE = 250;

let last = Promise.resolve();

/** JupyterLab looks for kernels once a minute; this makes new ones visible at once. */
export function renewKernels(services: IPanelServices): Promise<void> {
  codeDescribed.emit(); // a node may wait for the environment
  last = last.then(() => look(services)).catch(() => undefined); // JupyterLab looks again by itself
  return last;
}

async function look({ app, yard }: IPanelServices): Promise<void> {
  const { kernelspecs } = app.serviceManager;
  for (let turn = 0; turn < TURNS; turn++) {
    const { items } = await yard.client.call('environments.list', {});
    await kernelspecs.refreshSpecs();
    const known = kernelspecs.specs?.kernelspecs ?? {};
    // A shared store has no folder, because its environments are images.
    if (items.every(of => !of.installed || !of.current.place || known[of.kernel])) {
      return;
    }
    await new Promise(done => setTimeout(done, PAUSE));
  }
}
