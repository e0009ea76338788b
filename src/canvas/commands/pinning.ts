/** Pins nodes to a version of their executable, or to the result of a run. */
import { showMoment } from '../../components/format/times';
import { Json } from '../../document/canonical';
import { title } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { resolvePath } from '../model/editing';
import { IResultRun } from '../model/tokens';

/** Pin the selected nodes to the current content of their files. */
export async function pin(canvas: CanvasController): Promise<void> {
  const { doc, trans, services } = canvas;
  const ids = executables(canvas);
  try {
    const versions: [string, string][] = [];
    for (const id of ids) {
      const { path, executable } = doc.node(id)!;
      const of =
        typeof path === 'string'
          ? { path: resolvePath(canvas.path, path) }
          : { executable: String(executable) };
      const version = await services.backend!.freeze(of);
      versions.push([id, version.id]);
      canvas.say(trans.__('Pinned to version %1.', version.number));
    }
    setAll(canvas, 'version', versions);
  } catch (error) {
    canvas.say(trans.__('Not pinned: %1', (error as Error).message), true);
  }
}

/** Let the selected nodes follow their files again. */
export function follow(canvas: CanvasController): void {
  const none = canvas.targets.map(id => [id, undefined] as const);
  setAll(canvas, 'version', none);
}

/** Pin the selected nodes to their newest results; if all are pinned, unpin them. */
export async function pinResult(canvas: CanvasController): Promise<void> {
  const { trans, services, path } = canvas;
  const ids = executables(canvas);
  if (canvas.isPinned) {
    unpinResult(canvas, ids);
    return;
  }
  try {
    const pins: [string, Json][] = [];
    for (const id of ids) {
      const [newest] = await services.backend!.results(path, id);
      if (newest) {
        pins.push([id, pinTo(newest)]);
        canvas.say(trans.__('Pinned to the result of run %1.', newest.number));
      } else {
        canvas.say(trans.__('“%1” has no result yet: run it first.', title(canvas, id)), true);
      }
    }
    setAll(canvas, 'pin', pins);
  } catch (error) {
    canvas.say(trans.__('Not pinned: %1', (error as Error).message), true);
  }
}

/** Pin the first selected node to a result from a list. */
export async function chooseResult(canvas: CanvasController): Promise<void> {
  const { doc, trans, services, path } = canvas;
  const [id] = executables(canvas);
  if (!id) {
    return;
  }
  try {
    const runs = await services.backend!.results(path, id);
    if (!runs.length) {
      canvas.say(trans.__('“%1” has no result yet: run it first.', title(canvas, id)), true);
      return;
    }
    const items = runs.map(({ id: run, number, created_at }) => ({
      id: run,
      label: trans.__('run %1', number),
      detail: showMoment(created_at)
    }));
    const chosen = await canvas.pick(
      trans.__('Choose the result to pin for “%1”', title(canvas, id)),
      items
    );
    const run = runs.find(candidate => candidate.id === chosen?.id);
    if (run) {
      doc.setField(id, 'pin', pinTo(run));
      canvas.say(trans.__('Pinned to the result of run %1.', run.number));
    }
  } catch (error) {
    canvas.say(trans.__('Not pinned: %1', (error as Error).message), true);
  }
}

export function unpinResult(canvas: CanvasController, ids: readonly string[]): void {
  const none = ids.map(id => [id, undefined] as const);
  setAll(canvas, 'pin', none);
  canvas.say(canvas.trans.__('Unpinned. The next run runs this node again.'));
}

/** Return the pin as stored in the document. */
export function pinTo({ id, number }: IResultRun): Json {
  return { run: id, number };
}

function executables(canvas: CanvasController): string[] {
  const ids = canvas.targets.filter(id => canvas.doc.node(id)?.type === 'executable');
  if (!ids.length) {
    canvas.say(canvas.trans.__('Select a node with an executable first.'), true);
  }
  return ids;
}

function setAll(
  { doc }: CanvasController,
  field: string,
  values: readonly (readonly [string, Json | undefined])[]
): void {
  doc.edit(() => values.forEach(([id, value]) => doc.setField(id, field, value)));
}
