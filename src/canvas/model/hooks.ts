import { createContext, useCallback, useContext, useMemo, useSyncExternalStore } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { JsonObject } from '../../document/canonical';
import { CanvasController } from './controller';
import { INodeView } from './nodeViews';
import { ICanvasUi } from './tokens';

export const CanvasContext = createContext<CanvasController | null>(null);

export function useCanvas(): CanvasController {
  return useContext(CanvasContext)!;
}

export function useUi(): ICanvasUi {
  const canvas = useCanvas();
  return useSignal(canvas.uiChanged, () => canvas.ui);
}

export function useView(id: string): INodeView | undefined {
  const { views } = useCanvas();
  const subscribe = useCallback(
    (listener: () => void) => views.subscribe(id, listener),
    [views, id]
  );
  return useSyncExternalStore(subscribe, () => views.get(id));
}

/** Return a plain copy of a node's fields, as a new object after each change. */
export function useFields(id: string | undefined): JsonObject | undefined {
  const { store } = useCanvas();
  return useSyncExternalStore(store.subscribe, () =>
    id === undefined ? undefined : store.node(id)?.data.fields
  );
}

export function useMeta(): JsonObject {
  const canvas = useCanvas();
  const text = useSignal(canvas.doc.changed, () => JSON.stringify(canvas.doc.meta.toJSON()));
  return useMemo(() => JSON.parse(text) as JsonObject, [text]);
}
