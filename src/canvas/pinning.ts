/** Nodes that keep to one version of their executable, or follow its file. */
import { Json } from '../document/canonical';
import { CanvasController } from './controller';
import { resolvePath } from './editing';

/** Pin the selected nodes to what their files hold now. */
export async function pin(canvas: CanvasController): Promise<void> {
  const { doc, trans, services } = canvas;
  const ids = canvas.targets.filter(id => doc.node(id)?.type === 'executable');
  if (!ids.length) {
    canvas.say(trans.__('Select a node that runs something.'), true);
    return;
  }
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
    setVersions(canvas, versions);
  } catch (error) {
    canvas.say(trans.__('Not pinned: %1', (error as Error).message), true);
  }
}

/** Let the selected nodes follow their files again. */
export function follow(canvas: CanvasController): void {
  setVersions(
    canvas,
    canvas.targets.map(id => [id, undefined])
  );
}

function setVersions(
  { doc }: CanvasController,
  versions: readonly (readonly [string, Json | undefined])[]
): void {
  doc.edit(() => versions.forEach(([id, version]) => doc.setField(id, 'version', version)));
}
