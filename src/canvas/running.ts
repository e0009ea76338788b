/** Starting and stopping runs of the document. */
import { CanvasController } from './controller';
import { ensureId } from './editing';
import { nextProblem } from './navigation';
import { IRunSelection } from './tokens';

export const SHOW_RUN = 'nbyard:show-run';

/** Save, then ask the server to run; a refusal is said where it belongs. */
export async function run(
  canvas: CanvasController,
  mode: IRunSelection['mode'],
  force = false
): Promise<string | undefined> {
  const { trans, context } = canvas;
  const { backend } = canvas.services;
  const nodes = mode === 'all' ? [] : canvas.targets;
  if (!backend) {
    canvas.say(trans.__('The nbyard server is not reachable: nothing can run.'), true);
    return undefined;
  }
  if (!canvas.doc.nodes.size) {
    canvas.say(trans.__('There is nothing to run yet: add a notebook or a script.'), true);
    return undefined;
  }
  if (mode !== 'all' && !nodes.length) {
    canvas.say(trans.__('Select a node first.'), true);
    return undefined;
  }
  if (mode === 'all' && canvas.checker.problems.length) {
    nextProblem(canvas, 0);
    return undefined;
  }
  try {
    if (!canvas.readOnly) {
      ensureId(canvas);
      if (context.model.dirty) {
        await context.save();
      }
    }
    const { id } = await backend.run(canvas.path, { mode, nodes, force });
    canvas.say(trans.__('The run has started.'));
    if (canvas.commands.hasCommand(SHOW_RUN)) {
      await canvas.commands.execute(SHOW_RUN, { id, path: canvas.path });
    }
    return id;
  } catch (error) {
    if ((error as Error).name !== 'ModalCancelError') {
      canvas.checker.ask(0);
      canvas.say(trans.__('Not started: %1', (error as Error).message), true);
    }
    return undefined;
  }
}

export async function stop(canvas: CanvasController): Promise<void> {
  const { trans } = canvas;
  try {
    await canvas.services.backend?.stop(canvas.path);
    canvas.say(trans.__('The run is asked to stop.'));
  } catch (error) {
    canvas.say(trans.__('Not stopped: %1', (error as Error).message), true);
  }
}
