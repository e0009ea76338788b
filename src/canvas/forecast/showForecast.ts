/** Lists the nodes that would run. */
import { CanvasController } from '../model/controller';
import { title } from '../model/connecting';
import { focusNode } from '../model/focus';

/** Let the user choose a node that would run, and focus its card. */
export async function showForecast(canvas: CanvasController): Promise<void> {
  const { isLive, trans } = canvas;
  const { forecast } = canvas.views;
  if (!forecast?.reasons.size) {
    canvas.say(
      forecast
        ? trans.__('No node would run: all results come from the cache.')
        : isLive
          ? trans.__('A run is live.')
          : trans.__('What would run is not known yet, or the workflow cannot run.')
    );
    return;
  }
  const items = [...forecast.reasons].map(([id, detail]) => ({
    id,
    label: title(canvas, id),
    detail
  }));
  const chosen = await canvas.pick(trans.__('Nodes that would run'), items, belowText(canvas));
  if (chosen) {
    canvas.set({ outline: false });
    focusNode(canvas, chosen.id, true);
  }
}

/** Return the place below the text in the toolbar, which hides it where there is little room. */
function belowText({ front }: CanvasController): { x: number; y: number } | undefined {
  const text = front?.closest('.jp-Document')?.querySelector('.nby-Forecast');
  const box = text?.getBoundingClientRect();
  return box?.width ? { x: box.left, y: box.bottom } : undefined;
}
