/** Changes the maps of nodes; each function is one undo step. */
import { Json } from '../../document/canonical';
import { edgeId } from '../../document/flow';
import { EACH, IMap, IRange, readMap, Source, sourceOf, spaceOf } from '../../document/maps/map';
import { CanvasController } from '../model/controller';

/** Store the map of a node; without one, the node runs once. */
export function setMap(canvas: CanvasController, id: string, map: IMap | undefined): void {
  const { doc, views } = canvas;
  const hasPort = map && !spaceOf(map);
  const cut = hasPort ? [] : views.arrowsInto(id).filter(({ input }) => input === EACH);
  doc.edit(() => {
    doc.setField(id, 'map', map as Json | undefined);
    doc.remove([], cut.map(edgeId));
  });
}

/** Store where the elements come from; the policy stays. */
export function setSource(canvas: CanvasController, id: string, each: Source | undefined): void {
  setMap(canvas, id, each && { ...readMap(canvas.doc.node(id) ?? {}), each });
}

/** Store the values of a swept parameter, which join those of others; without values, remove it. */
export function setSweep(
  canvas: CanvasController,
  id: string,
  name: string,
  values: Json[] | IRange | undefined
): void {
  const map = readMap(canvas.doc.node(id) ?? {});
  const { [name]: _, ...others } = spaceOf(map) ?? {};
  const isEmpty = !values || (Array.isArray(values) && !values.length);
  const space = isEmpty ? others : { ...others, [name]: values };
  setSource(canvas, id, Object.keys(space).length ? sourceOf(space, map?.each) : undefined);
}

/** Run a node for each file that comes to an input: its connection moves to the port `@each`. */
export function forEachFile(canvas: CanvasController, id: string, input: string): void {
  const { doc, views } = canvas;
  const edge = views.arrowsInto(id).find(edge => edge.input === input);
  doc.edit(() => {
    doc.setField(id, 'map', { each: { kind: 'files', over: input } });
    if (edge) {
      doc.remove([], [edgeId(edge)]);
      doc.connect({ ...edge, input: EACH });
    }
  });
}
